import { join } from "node:path";

import { type ServiceName } from "../../lib/events";
import { freePort } from "../../lib/free-port";
import type { LiveMesh } from "../mesh/live-mesh";
import { openMeshNetwork } from "../mesh/open";
import type { Runner } from "../mesh/replicas";
import { sinkSpec, throughSink, tracesAreOn } from "../telemetry/process";
import { openDirectNetwork } from "./direct-network";
import { exitCodes, Failure } from "./failure";
import { createServiceForwards } from "./forwards";
import { type Infrastructure, openDatabases, planInfrastructure } from "./infrastructure";
import { stopLeftovers } from "./leftovers";
import { type MailCatcher, startMailCatcher } from "./mail-catcher";
import type { Network } from "./network";
import { settleNewData } from "./postgres";
import { checkBeforeStart } from "./preflight";
import { Processes } from "./processes";
import type { Progress } from "./progress";
import { findProject, stateFolder } from "./project";
import { loadSecrets, type Secrets } from "./secrets";
import { type Environment, type ServiceContext, serviceSpec } from "./service-process";
import { identify, removeState, type RunState, takeLock, writeState } from "./state";
import type { Supervised } from "./supervised";
import { ensureNatsServer } from "./tools";
import { type ExtraPeers, type Instance, type Replicas } from "./topology";

export type { Progress } from "./progress";

export type StackOptions = {
  /** Port of the way in; 0 for a free one. */
  port: number;
  environment: Environment;
  progress: Progress;
  /** Whether every process has a sidecar. @default true */
  mesh?: boolean;
  /** A folder of rules in the place of mesh/base. */
  rules?: string;
  /** `SYMPHONY_STATE` or `.symphony` of the checkout, unless given: a test or a bench keeps its own. */
  state?: string;
  replicas?: Replicas;
  /** Whom services call besides, such as `chainPeers`. */
  extraPeers?: ExtraPeers;
  overrides?: ServiceContext["overrides"];
  waitedFor?: ServiceContext["waitedFor"];
  logLevel?: string;
  /** How far its processes give way to others, such as `measuredNiceness`. @default not at all */
  niceness?: number;
  /** Aborted: what was started is stopped, and the start fails with exit code 130. */
  signal?: AbortSignal;
};

/** Throws the first failure, but only once nothing goes on any more in a folder that its caller may then remove. */
async function untilAllSettled(works: Promise<void>[]): Promise<void> {
  await Promise.allSettled(works);
  await Promise.all(works);
}

/** A whole Symphony as processes of this machine, run by this process. */
export class Stack {
  natsUrl = "";
  superuserUrl = "";
  /** Where spans go and traces are asked for; undefined where none are recorded. */
  telemetryUrl: string | undefined;
  databaseUrls: Partial<Record<ServiceName, string>> = {};
  secrets!: Secrets;
  /** Undefined where it runs without. */
  mesh: LiveMesh | undefined;
  private readonly project = findProject();
  private readonly state: string;
  private readonly startedAt = new Date();
  private readonly watched: Processes;
  private readonly forwards = createServiceForwards((service) => this.addressesOf(service));
  private network: Network | undefined;
  private telemetryPort: number | undefined;
  private mail: MailCatcher | undefined;
  private phase: RunState["phase"] = "starting";
  private locked = false;
  private readonly extra: Partial<Record<ServiceName, Record<string, string> | undefined>> = {};

  private constructor(private readonly options: StackOptions) {
    this.state = options.state ?? stateFolder(options.environment);
    const { progress, signal, niceness } = options;
    const changed = (): void => {
      this.record();
      this.mesh?.processesChanged();
    };
    this.watched = new Processes({
      ...{ state: this.state, progress, niceness, changed },
      ...(signal && { signal }),
    });
  }

  /** Starts everything in the order of dependence. What was started is stopped again where something fails. */
  static async start(options: StackOptions): Promise<Stack> {
    const stack = new Stack(options);
    const interrupt = (): void => {
      stack.killNow();
    };
    options.signal?.addEventListener("abort", interrupt);
    try {
      await stack.bringUp();
      options.signal?.throwIfAborted();
      return stack;
    } catch (error) {
      await stack.stop();
      if (options.signal?.aborted !== true) throw error;
      throw new Failure("run.interrupted", "interrupted while starting", { exitCode: exitCodes.interrupted });
    } finally {
      options.signal?.removeEventListener("abort", interrupt);
    }
  }

  /** The way in for users. */
  get url(): string {
    return this.network?.url ?? "";
  }

  /** Every process, for tests and faults: `stack.process("order")?.signal("SIGKILL")` is a crash. */
  process(name: string): Supervised | undefined {
    return this.watched.find(name);
  }

  get processes(): Supervised[] {
    return this.watched.all;
  }

  /** The last 1000 mails that the services sent. */
  get mails(): Readonly<MailCatcher["mails"]> {
    return this.mail?.mails ?? [];
  }

  /** The address of a service itself, past the gateway and the mesh. */
  serviceUrl(service: ServiceName): Promise<string> {
    return this.forwards.open(service);
  }

  /** Stops everything: the services first, then what they depend on. Safe to call twice. */
  async stop(): Promise<void> {
    this.phase = "stopping";
    this.record();
    await this.mesh?.close();
    await this.watched.stop();
    await Promise.all([this.network?.stop(), this.forwards.close(), this.mail?.stop()]);
    this.mail = undefined;
    this.forget();
  }

  /** Kills every process at once. */
  killNow(): void {
    this.watched.killNow();
  }

  /** Removes what says that it runs; after `killNow`, where nobody waits for `stop`. */
  forget(): void {
    this.watched.forget();
    if (this.locked) removeState(this.state);
    this.locked = false;
  }

  private addressesOf(service: ServiceName): Instance["http"][] {
    const all = this.watched.instances.map(({ instance }) => instance);
    return all.filter((instance) => instance.service === service).map(({ http }) => http);
  }

  private async bringUp(): Promise<void> {
    const { progress, environment, port, replicas = {} } = this.options;
    await checkBeforeStart(this.state, 0);
    await this.lock();
    await checkBeforeStart(this.state, port);
    this.secrets = await loadSecrets(this.state);
    const say = (line: string): void => progress.say(line);
    const natsBinary = await ensureNatsServer({ environment, project: this.project, say });
    if (tracesAreOn(environment)) this.telemetryPort = await freePort();
    const network = await this.openNetwork(replicas, say);
    this.network = network;
    const infrastructure = await planInfrastructure({
      project: this.project,
      state: this.state,
      secrets: this.secrets,
      natsBinary,
      externalDatabase: environment.DATABASE_URL || undefined,
      // 10 pooled connections, two of the relay and two of the consumer per process, and some for people.
      maxConnections: 20 + 14 * network.instances.length,
    });
    // Sidecars need neither database nor broker, and stand before their services do.
    await untilAllSettled([
      this.startInfrastructure(infrastructure),
      network.start(this.watched),
      this.startTelemetry(),
    ]);
    const end = progress.begin("databases");
    this.databaseUrls = await openDatabases(infrastructure, this.secrets);
    end();
    const runner: Runner = {
      processes: this.watched,
      startService: (instance) => this.startService(instance),
      configure: (service, variables) => {
        this.extra[service] = variables;
      },
      brokerFolder: join(this.state, "nats/jetstream"),
      natsUrl: () => this.natsUrl,
      superuserUrl: () => (environment.DATABASE_URL ? undefined : this.superuserUrl),
    };
    this.mesh?.attach(runner);
    // All at once: those that ask others for something before they are ready ask until they get it.
    await Promise.all(network.instances.map((instance) => this.startService(instance)));
    if (infrastructure.postgres.spec !== undefined) await settleNewData(this.superuserUrl);
    await this.mesh?.open(runner);
    this.phase = "running";
    this.record();
  }

  private async openNetwork(replicas: Replicas, say: (line: string) => void): Promise<Network> {
    const { port, environment, rules: base, extraPeers = {} } = this.options;
    if (this.options.mesh === false) return openDirectNetwork({ port, replicas, extraPeers });
    const { state, project, telemetryPort } = this;
    const { network, mesh } = await openMeshNetwork({
      ...{ port, telemetryPort, replicas, extraPeers, state, project, base, environment, say },
    });
    this.mesh = mesh;
    return network;
  }

  private async lock(): Promise<void> {
    const { stale } = await takeLock(this.state);
    this.locked = true;
    if (stale === undefined) return;
    const stopped = await stopLeftovers(stale);
    const detail = stopped.length === 0 ? "" : `; stopped what it left: ${stopped.join(", ")}`;
    this.options.progress.say(`cleaned up after a run that died${detail}`);
  }

  private async startInfrastructure({ nats, postgres }: Infrastructure): Promise<void> {
    this.natsUrl = nats.url;
    this.superuserUrl = postgres.superuserUrl;
    await Promise.all([
      postgres.spec && this.watched.run(postgres.spec, { kind: "postgres" }),
      this.watched.run(nats.spec, { kind: "nats" }),
      startMailCatcher(`${this.state}/mail`).then((mail) => (this.mail = mail)),
    ]);
  }

  private async startTelemetry(): Promise<void> {
    const port = this.telemetryPort;
    if (port === undefined) return;
    this.telemetryUrl = `http://127.0.0.1:${String(port)}`;
    await this.watched.run(sinkSpec(this.project, port, this.options.environment), { kind: "telemetry" });
  }

  private async startService(instance: Instance): Promise<void> {
    const { network, options, telemetryUrl } = this;
    if (network === undefined) return;
    const context: ServiceContext = {
      project: this.project,
      findPeer: network.findPeer,
      surroundings: (own) => network.surroundings(own),
      databaseUrls: this.databaseUrls as Record<ServiceName, string>,
      natsUrl: this.natsUrl,
      smtpUrl: this.mail?.url ?? "",
      secrets: this.secrets,
      logLevel: options.logLevel ?? "info",
      overrides: options.overrides ?? {},
      ...(options.waitedFor && { waitedFor: options.waitedFor }),
      extra: (service) => this.extra[service] ?? {},
      outer:
        telemetryUrl === undefined ? options.environment : throughSink(options.environment, telemetryUrl),
    };
    const url = "port" in instance.http ? { url: `http://127.0.0.1:${String(instance.http.port)}` } : {};
    await this.watched.run(serviceSpec(instance, context), { kind: "service", instance, ...url });
  }

  private record(): void {
    if (!this.locked) return;
    writeState(this.state, {
      version: 1,
      phase: this.phase,
      runner: identify(globalThis.process.pid),
      startedAt: this.startedAt.toISOString(),
      url: this.url || "http://localhost",
      databaseUrls: this.databaseUrls,
      superuserUrl: this.superuserUrl,
      natsUrl: this.natsUrl,
      telemetryUrl: this.telemetryUrl,
      control: this.mesh?.controlSocket,
      processes: this.watched.describe(),
    });
  }
}
