import { compile } from "../compile/compile";
import {
  type Compiled,
  type CompiledObject,
  CompileError,
  type MeshConfig,
  type Workload,
  type World,
} from "../compile/types";
import { environmentFailure, Failure } from "../run/failure";
import type { Processes } from "../run/processes";
import type { Certificates } from "./certificates";
import type { MeshLayout } from "./layout";
import type { PortPool } from "./ports";
import { Proxy, Rejected } from "./proxy";
import { explainRefusal } from "./refused-filters";
import { Rules } from "./rules";
import { sidecarName, sidecarSpec } from "./sidecar";
import { validateFiles } from "./validate";
import { buildWorld, type Member } from "./world";
import { toFiles, type XdsFiles } from "./xds-files";

export type MeshOptions = {
  binary: string;
  layout: MeshLayout;
  pool: PortPool;
  certificates: Certificates;
  /** The root certificate as PEM. */
  root: string;
  meshConfig: MeshConfig;
  ingressPort: number;
  /** Where spans go; undefined where none are recorded. */
  collectorPort: number | undefined;
};

type Members = ReadonlyMap<string, Member>;

/** A change of what is in force when its turn has come. What is left out stays. */
export type Change = {
  rules?(current: Rules): Rules | Promise<Rules>;
  members?(current: Members): Members;
  /** Members whose process does not serve: nobody calls them. */
  unready?(): ReadonlySet<string>;
};

type Plan = {
  rules: Rules;
  members: Members;
  unready: ReadonlySet<string>;
  world: World;
  files: Map<string, XdsFiles>;
  objects: CompiledObject[];
};

type Input = { rules: Rules; members: Members; world: World; compiled: Compiled };

/** The sidecars of one system: what they are told, and that all of them have it. */
export class Mesh {
  rules = new Rules([]);
  members: Members = new Map();
  /** Every object of the rules, and whether it takes effect. */
  objects: CompiledObject[] = [];
  world: World | undefined;
  private unready: ReadonlySet<string> = new Set();
  private last: Input | undefined;
  private readonly proxies = new Map<string, Proxy>();
  private queue: Promise<unknown> = Promise.resolve();

  constructor(readonly options: MeshOptions) {}

  /** A workload as it was compiled last. */
  workload(name: string): Workload | undefined {
    return this.world?.workloads.find((workload) => workload.name === name);
  }

  adminPort(name: string): number {
    const proxy = this.proxies.get(name);
    if (proxy === undefined) throw new Failure("mesh.no_sidecar", `${name} has no sidecar`);
    return proxy.options.adminPort;
  }

  /**
   * Compiles what `change` gives and has every sidecar take it, one change after the other. Rejects with a `Failure`
   * that says what is wrong in which file, or what Envoy refuses; then everything is as it was before.
   */
  change(change: Change): Promise<{ changed: string[] }> {
    const turn = this.queue.then(() => this.perform(change));
    this.queue = turn.catch(() => undefined);
    return turn;
  }

  /** What a change would tell the sidecars, without telling them. */
  async preview(change: Change): Promise<{ name: string; before: XdsFiles | undefined; after: XdsFiles }[]> {
    const { files } = await this.plan(change);
    return [...files].map(([name, after]) => ({ name, before: this.proxies.get(name)?.files, after }));
  }

  /** Starts the sidecar of a member that was told with `change` before. */
  async startSidecar(name: string, processes: Processes): Promise<void> {
    const workload = this.workload(name);
    const proxy = this.proxies.get(name);
    if (workload === undefined || proxy === undefined) throw new Error(`${name} is no member of the mesh`);
    const { adminPort } = proxy.options;
    const { binary, layout, certificates, meshConfig } = this.options;
    await certificates.provide(workload);
    let offset = 0;
    const process = processes.find.bind(processes, sidecarName(workload));
    proxy.options.isRunning = () => process()?.status === "ready";
    proxy.options.newLog = () => {
      const log = process()?.log;
      const text = log?.since(offset) ?? "";
      offset = log?.size() ?? 0;
      return text;
    };
    const url = `http://127.0.0.1:${String(adminPort)}`;
    await processes
      .run(sidecarSpec(workload, { binary, adminPort, layout, meshConfig }), { kind: "sidecar", url })
      .catch((error: unknown) => {
        throw /inotify/.test(String(error)) ? tooManyWatches(error) : error;
      });
  }

  async stopSidecar(name: string, processes: Processes): Promise<void> {
    const workload = this.workload(name);
    this.options.certificates.forget(name);
    this.proxies.delete(name);
    if (workload !== undefined) await processes.retire(sidecarName(workload));
  }

  private async perform(change: Change): Promise<{ changed: string[] }> {
    const plan = await this.plan(change);
    const wanted = [...plan.files];
    await this.validate(plan, wanted);
    for (const [name] of wanted) await this.proxyFor(name);
    const outcomes = await Promise.allSettled(
      wanted.map(async ([name, files]) => ({ name, ...(await this.proxies.get(name)?.update(files)) })),
    );
    const index = outcomes.findIndex(({ status }) => status === "rejected");
    const failed = outcomes[index];
    if (failed?.status === "rejected") {
      await this.bringBack();
      throw explain(wanted[index]?.[0] ?? "", failed.reason);
    }
    const { rules, members, unready, world, objects } = plan;
    Object.assign(this, { rules, members, unready, world, objects });
    const changed = outcomes.flatMap((outcome) =>
      outcome.status === "fulfilled" && outcome.value.changed === true ? [outcome.value.name] : [],
    );
    return { changed };
  }

  private async plan(change: Change): Promise<Plan> {
    const rules = (await change.rules?.(this.rules)) ?? this.rules;
    const members = change.members?.(this.members) ?? this.members;
    const unready = change.unready?.() ?? this.unready;
    const { world, compiled } = await this.compiledFor(rules, members);
    const absent = new Set(
      world.workloads.filter(({ name }) => unready.has(name)).flatMap((workload) => inboundPorts(workload)),
    );
    const files = [...compiled.proxies].map(
      ([name, config]) => [name, toFiles(config, this.options.root, absent)] as const,
    );
    return { rules, members, unready, world, files: new Map(files), objects: compiled.objects };
  }

  /** Who serves changes more often than what is compiled. */
  private async compiledFor(rules: Rules, members: Members): Promise<Input> {
    if (this.last?.rules === rules && this.last.members === members) return this.last;
    const { layout, pool, meshConfig, ingressPort, collectorPort } = this.options;
    const takePort = (purpose: string): Promise<number> => pool.take(purpose);
    const world = await buildWorld({
      members: [...members.values()],
      ...{ meshConfig, ingressPort, collectorPort, takePort },
    });
    try {
      const compiled = compile(rules.files(), world, { path: layout.path });
      this.last = { rules, members, world, compiled };
      return this.last;
    } catch (error) {
      if (!(error instanceof CompileError)) throw error;
      throw new Failure("mesh.invalid", error.message, {
        fix: "the rules in force are unchanged",
        cause: error,
      });
    }
  }

  /**
   * Has Envoy judge new EnvoyFilters, whose insides only it knows, in one sidecar of each kind that would be told other
   * listeners. At the start the sidecars themselves do.
   */
  private async validate({ rules, world }: Plan, wanted: [string, XdsFiles][]): Promise<void> {
    if (rules === this.rules || this.proxies.size === 0) return;
    const known = new Set(this.rules.envoyFilters().map(({ text }) => text));
    if (rules.envoyFilters().every(({ text }) => known.has(text))) return;
    const seen = new Set<string>();
    for (const [name, files] of wanted) {
      if (this.proxies.get(name)?.files?.listeners.version === files.listeners.version) continue;
      const kind = this.members.get(name)?.serviceAccount ?? name;
      if (seen.has(kind)) continue;
      seen.add(kind);
      const refusal = await this.refusalOf(files);
      if (refusal === undefined) continue;
      const isRefused = (other: Rules): Promise<boolean> => this.isRefused(other, name, world);
      const told = await explainRefusal(refusedBy(name, refusal), {
        ...{ before: this.rules, after: rules, isRefused },
      });
      throw refused(told, refusal);
    }
  }

  private async refusalOf(files: XdsFiles): Promise<Rejected | undefined> {
    try {
      await validateFiles(this.options.binary, this.options.layout.folder, files);
      return undefined;
    } catch (error) {
      if (error instanceof Rejected) return error;
      throw error;
    }
  }

  /** Whether Envoy refuses what a sidecar would be told by other rules. */
  private async isRefused(rules: Rules, name: string, world: World): Promise<boolean> {
    try {
      const config = compile(rules.files(), world, { path: this.options.layout.path }).proxies.get(name);
      if (config === undefined) return false;
      return (await this.refusalOf(toFiles(config, this.options.root, new Set()))) !== undefined;
    } catch (error) {
      // A patch may have no place without the others of its object.
      if (error instanceof CompileError) return false;
      throw error;
    }
  }

  private async proxyFor(name: string): Promise<void> {
    if (this.proxies.has(name)) return;
    const adminPort = await this.options.pool.take(`${name} admin`);
    const { path } = this.options.layout;
    this.proxies.set(name, new Proxy({ name, adminPort, path, isRunning: () => false, newLog: () => "" }));
  }

  /** After a refusal nobody keeps a part of it. */
  private async bringBack(): Promise<void> {
    const plan = await this.plan({});
    await Promise.allSettled(
      [...this.proxies].map(async ([name, proxy]) => {
        await proxy.restore();
        const before = plan.files.get(name);
        if (before !== undefined) await proxy.update(before);
      }),
    );
  }
}

function inboundPorts({ inbound }: Workload): number[] {
  return inbound.flatMap(({ listen }) => ("port" in listen ? [listen.port] : []));
}

/** Every file that an Envoy watches takes an inotify instance; editors and other programs take some too. */
function tooManyWatches(cause: unknown): Failure {
  return environmentFailure(
    "mesh.inotify",
    "Linux lets this user's programs watch no more files (fs.inotify.max_user_instances)",
    "raise it with sudo sysctl fs.inotify.max_user_instances=512, close other programs, or start without the mesh: ./symphony up --no-mesh",
    cause,
  );
}

function explain(name: string, reason: unknown): unknown {
  return reason instanceof Rejected ? refused(refusedBy(name, reason), reason) : reason;
}

const refusedBy = (name: string, { message }: Rejected): string =>
  `the sidecar of ${name} refuses it: ${message}`;

const refused = (message: string, cause: Rejected): Failure =>
  new Failure("mesh.refused", message, { fix: "the rules in force are unchanged", cause });
