import { type ServiceName, serviceNames } from "../../lib/events";
import { freePort } from "../../lib/free-port";
import { sinkSpec, throughSink, tracesAreOn } from "../telemetry/process";
import { type Balancer, startBalancer } from "./balancer";
import { exitCodes, Failure } from "./failure";
import { type Infrastructure, openDatabases, planInfrastructure } from "./infrastructure";
import { stopLeftovers } from "./leftovers";
import { LogFile } from "./log-files";
import { type CaughtMail, type MailCatcher, startMailCatcher } from "./mail-catcher";
import { settleNewData } from "./postgres";
import { checkBeforeStart } from "./preflight";
import { findProject, stateFolder } from "./project";
import { loadSecrets, type Secrets } from "./secrets";
import { type Environment, type ServiceContext, serviceSpec } from "./service-process";
import { identify, type ProcessState, removeState, type RunState, takeLock, writeState } from "./state";
import { Supervised, type SupervisedSpec } from "./supervised";
import { ensureNatsServer } from "./tools";
import { directPeers, type Instance, planInstances, type Replicas } from "./topology";

export type Progress = {
  /** A step begins; the function returned ends it. */
  begin(step: string): (detail?: string) => void;
  /** One line of news: a restart, something cleaned up. */
  say(line: string): void;
};

export type StackOptions = {
  /** Port of the gateway; 0 for a free one. */
  port: number;
  environment: Environment;
  progress: Progress;
  /** `SYMPHONY_STATE` or `.symphony` of the checkout, unless given: a test or a bench keeps its own. */
  state?: string;
  replicas?: Replicas;
  overrides?: ServiceContext["overrides"];
  logLevel?: string;
  /** Aborted: what was started is stopped, and the start fails with exit code 130. */
  signal?: AbortSignal;
};

type Watched = { process: Supervised; kind: ProcessState["kind"]; instance?: Instance };

/** A whole Symphony as processes of this machine, run by this process. */
export class Stack {
  url = "";
  natsUrl = "";
  superuserUrl = "";
  /** Where spans go and traces are asked for; undefined where none are recorded. */
  telemetryUrl: string | undefined;
  databaseUrls: Partial<Record<ServiceName, string>> = {};
  secrets!: Secrets;
  private readonly project = findProject();
  private readonly state: string;
  private readonly startedAt = new Date();
  private readonly watched: Watched[] = [];
  private readonly balancers: Balancer[] = [];
  private httpPorts = {} as Record<ServiceName, number>;
  private mail: MailCatcher | undefined;
  private phase: RunState["phase"] = "starting";
  private locked = false;
  private readonly rotation: NodeJS.Timeout;

  private constructor(private readonly options: StackOptions) {
    this.state = options.state ?? stateFolder(options.environment);
    this.rotation = setInterval(() => {
      for (const { process } of this.watched) process.log.rotate();
    }, 5000);
    this.rotation.unref();
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

  /** Every process, for tests and faults: `stack.process("order")?.signal("SIGKILL")` is a crash. */
  process(name: string): Supervised | undefined {
    return this.watched.find((entry) => entry.process.name === name)?.process;
  }

  get processes(): Supervised[] {
    return this.watched.map((entry) => entry.process);
  }

  /** The last 1000 mails that the services sent. */
  get mails(): readonly CaughtMail[] {
    return this.mail?.mails ?? [];
  }

  /** The address of a service itself, past the gateway. */
  serviceUrl(service: ServiceName): string {
    return `http://127.0.0.1:${String(this.httpPorts[service])}`;
  }

  /** Stops everything: the services first, then what they depend on. Safe to call twice. */
  async stop(): Promise<void> {
    this.phase = "stopping";
    this.record();
    const services = this.watched.filter((entry) => entry.kind === "service");
    await Promise.all(services.map((entry) => entry.process.stop()));
    await Promise.all(this.watched.map((entry) => entry.process.stop()));
    await Promise.all([...this.balancers.splice(0).map((balancer) => balancer.stop()), this.mail?.stop()]);
    this.mail = undefined;
    this.forget();
  }

  /** Kills every process at once. */
  killNow(): void {
    for (const { process } of this.watched) process.killNow();
  }

  /** Removes what says that it runs; after `killNow`, where nobody waits for `stop`. */
  forget(): void {
    clearInterval(this.rotation);
    for (const { process } of this.watched.splice(0)) process.log.close();
    if (this.locked) removeState(this.state);
    this.locked = false;
  }

  private async bringUp(): Promise<void> {
    const { progress, environment } = this.options;
    await checkBeforeStart(this.state, 0);
    await this.lock();
    await checkBeforeStart(this.state, this.options.port);
    this.secrets = await loadSecrets(this.state);
    const natsBinary = await ensureNatsServer({
      environment,
      project: this.project,
      say: (line) => progress.say(line),
    });
    const instances = await this.planPorts();
    const infrastructure = await planInfrastructure({
      project: this.project,
      state: this.state,
      secrets: this.secrets,
      natsBinary,
      externalDatabase: environment.DATABASE_URL || undefined,
      // 10 pooled connections, two of the relay and two of the consumer per process, and some for people.
      maxConnections: 20 + 14 * instances.length,
    });
    await Promise.all([this.startInfrastructure(infrastructure), this.startTelemetry()]);
    const end = progress.begin("databases");
    this.databaseUrls = await openDatabases(infrastructure, this.secrets);
    end();
    await this.startServices(instances);
    if (infrastructure.postgres.spec !== undefined) await settleNewData(this.superuserUrl);
    this.phase = "running";
    this.record();
  }

  private async lock(): Promise<void> {
    const { stale } = await takeLock(this.state);
    this.locked = true;
    if (stale === undefined) return;
    const stopped = await stopLeftovers(stale);
    const detail = stopped.length === 0 ? "" : `; stopped what it left: ${stopped.join(", ")}`;
    this.options.progress.say(`cleaned up after a run that died${detail}`);
  }

  private async planPorts(): Promise<Instance[]> {
    const replicas = this.options.replicas ?? {};
    const instances = await planInstances(replicas, takeDistinct());
    for (const service of serviceNames) {
      const own = instances.filter((instance) => instance.service === service);
      const first = own[0];
      if (first === undefined) continue;
      if (service === "gateway" && own.length === 1 && this.options.port !== 0)
        first.port = this.options.port;
      this.httpPorts[service] = first.port;
      if (own.length === 1) continue;
      const balancer = await startBalancer(
        service === "gateway" ? this.options.port : 0,
        own.map((instance) => instance.port),
      );
      this.balancers.push(balancer);
      this.httpPorts[service] = balancer.port;
    }
    this.url = `http://localhost:${String(this.httpPorts.gateway)}`;
    return instances;
  }

  private async startInfrastructure({ nats, postgres }: Infrastructure): Promise<void> {
    this.natsUrl = nats.url;
    this.superuserUrl = postgres.superuserUrl;
    await Promise.all([
      postgres.spec && this.run(postgres.spec, { kind: "postgres" }),
      this.run(nats.spec, { kind: "nats" }),
      startMailCatcher(`${this.state}/mail`).then((mail) => (this.mail = mail)),
    ]);
  }

  private async startTelemetry(): Promise<void> {
    if (!tracesAreOn(this.options.environment)) return;
    const port = await freePort();
    this.telemetryUrl = `http://127.0.0.1:${String(port)}`;
    await this.run(sinkSpec(this.project, port, this.options.environment), { kind: "telemetry" });
  }

  private async startServices(instances: Instance[]): Promise<void> {
    const context: ServiceContext = {
      project: this.project,
      findPeer: directPeers(instances, this.httpPorts),
      databaseUrls: this.databaseUrls as Record<ServiceName, string>,
      natsUrl: this.natsUrl,
      smtpUrl: this.mail?.url ?? "",
      secrets: this.secrets,
      logLevel: this.options.logLevel ?? "info",
      overrides: this.options.overrides ?? {},
      outer:
        this.telemetryUrl === undefined
          ? this.options.environment
          : throughSink(this.options.environment, this.telemetryUrl),
    };
    // The gateway starts with the others, whose answers it does not need to be ready.
    await Promise.all(
      instances.map((instance) => this.run(serviceSpec(instance, context), { kind: "service", instance })),
    );
  }

  private async run(spec: SupervisedSpec, entry: Omit<Watched, "process">): Promise<void> {
    this.options.signal?.throwIfAborted();
    const end = this.options.progress.begin(spec.name);
    const supervised = new Supervised(spec, new LogFile(this.state, spec.name), {
      say: (line) => {
        this.options.progress.say(line);
      },
      changed: () => {
        this.record();
      },
    });
    this.watched.push({ process: supervised, ...entry });
    await supervised.start();
    end(entry.instance === undefined ? undefined : `port ${String(entry.instance.port)}`);
  }

  private record(): void {
    if (!this.locked) return;
    const processes = this.watched.map(({ process, kind, instance }) => {
      const id = process.pid === undefined ? {} : identify(process.pid);
      return {
        name: process.name,
        kind,
        ...id,
        ...(instance && { service: instance.service, url: `http://127.0.0.1:${String(instance.port)}` }),
        status: process.status,
        restarts: process.restarts,
        since: process.since.toISOString(),
      };
    });
    writeState(this.state, {
      version: 1,
      phase: this.phase,
      runner: identify(globalThis.process.pid),
      startedAt: this.startedAt.toISOString(),
      url: this.url || "http://localhost",
      urls: Object.fromEntries(serviceNames.map((name) => [name, this.serviceUrl(name)])) as RunState["urls"],
      databaseUrls: this.databaseUrls,
      superuserUrl: this.superuserUrl,
      natsUrl: this.natsUrl,
      telemetryUrl: this.telemetryUrl,
      processes,
    });
  }
}

/** Free ports, none of them twice. */
function takeDistinct(): () => Promise<number> {
  const taken = new Set<number>();
  return async () => {
    for (;;) {
      const port = await freePort();
      if (taken.has(port)) continue;
      taken.add(port);
      return port;
    }
  };
}
