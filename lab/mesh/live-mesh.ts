import { rmSync } from "node:fs";
import type { Server } from "node:http";
import { join } from "node:path";

import { type ServiceName } from "../../lib/events";
import type { Instance } from "../run/topology";
import { type SidecarStats } from "../target/target";
import { readStats } from "./admin";
import { type Control, type MeshStatus, serveControl } from "./control";
import { Session } from "./disturb/session";
import { LiveFaults } from "./live-faults";
import { LiveRules } from "./live-rules";
import { type Mesh } from "./mesh";
import { LiveReplicas, parsePeer, type Runner } from "./replicas";
import { sidecarName } from "./sidecar";
import { ingressName } from "./world";

export type LiveMeshOptions = {
  state: string;
  /** The folder whose files are watched. */
  base: string;
  say(line: string): void;
  /** Where commands are taken. */
  controlSocket: string;
  planReplica(service: ServiceName, replica: number): Promise<Instance>;
};

/** A mesh that runs, and what may be done to it meanwhile. */
export class LiveMesh {
  private replicas: LiveReplicas | undefined;
  private opened: { rules: LiveRules; faults: LiveFaults; session: Session; server: Server } | undefined;

  constructor(
    private readonly mesh: Mesh,
    private readonly options: LiveMeshOptions,
  ) {}

  get controlSocket(): string {
    return this.options.controlSocket;
  }

  /** The services are about to start: who serves, is called from then on. */
  attach(runner: Runner): void {
    this.replicas = new LiveReplicas(this.mesh, runner, (service, replica) =>
      this.options.planReplica(service, replica),
    );
  }

  /** Everything serves: from now on commands are taken and files are watched. */
  async open(runner: Runner): Promise<void> {
    const { mesh, options, replicas } = this;
    if (replicas === undefined) throw new Error("the mesh has no runner");
    const rules = new LiveRules(mesh, options.base, options.say);
    const faults = new LiveFaults(
      {
        applyRule: (rule) => rules.apply(rule),
        removeRule: (rule) => rules.remove(rule),
        replicas: (workload) => replicas.list(workload),
        label: (name, key, value) => replicas.label(name, key, value),
        stats: (workload, filter) => this.stats(replicas, workload, filter),
        say: options.say,
      },
      join(options.state, "mesh/leases.json"),
    );
    await replicas.callWhoServes();
    rmSync(options.controlSocket, { force: true });
    const session = new Session(
      {
        ...{ runner, mesh, replicas, rules, faults },
        certificates: mesh.options.certificates,
        stats: (workload, filter) => this.stats(replicas, workload, filter),
      },
      options.say,
    );
    const parts = { replicas, rules, faults, runner, session };
    const server = await serveControl(options.controlSocket, this.control(parts));
    rules.watch();
    this.opened = { rules, faults, session, server };
  }

  /** Some process of the system has changed its state. */
  processesChanged(): void {
    this.replicas?.processesChanged();
  }

  /** Takes no more commands, and heals what an experiment broke. Faults end with the sidecars. */
  async close(): Promise<void> {
    const opened = this.opened;
    this.opened = undefined;
    this.replicas?.close();
    this.replicas = undefined;
    if (opened === undefined) return;
    await opened.session.abandon();
    opened.rules.close();
    opened.faults.close();
    opened.server.closeAllConnections();
    await new Promise((resolve) => opened.server.close(resolve));
  }

  private control(parts: {
    replicas: LiveReplicas;
    rules: LiveRules;
    faults: LiveFaults;
    runner: Runner;
    session: Session;
  }): Control {
    const { replicas, rules, faults, session } = parts;
    return {
      meshStatus: () => Promise.resolve(this.status(parts)),
      applyRule: (rule) => rules.apply(rule),
      removeRule: (rule) => rules.remove(rule),
      diffRule: (rule) => rules.diff(rule),
      reloadRules: () => rules.reload(),
      activeFaults: () => Promise.resolve(faults.active()),
      applyFault: ({ name, forMs }) => faults.apply(name, forMs),
      clearFault: ({ name }) => faults.clear(name),
      faultStatus: (question) => faults.status(question),
      stats: ({ workload, filter }) => this.stats(replicas, workload, filter),
      replicas: ({ workload }) => Promise.resolve(replicas.list(workload)),
      kill: ({ name }) => replicas.kill(name),
      scale: ({ service, replicas: count }) => replicas.scale(service, count),
      label: ({ name, key, value }) => replicas.label(name, key, value),
      startStranger: (stranger) => replicas.startStranger(stranger),
      stopStranger: ({ name }) => replicas.stopStranger(name),
      beginExperiment: (order) => Promise.resolve(session.begin(order)),
      renewExperiment: ({ id }) => Promise.resolve(session.renew(id)),
      disturb: ({ id, disturbance }) => session.disturb(id, disturbance),
      observe: ({ id, step }) => session.observe(id, step),
      heal: ({ id, step }) => session.heal(id, step),
      endExperiment: ({ id }) => session.end(id),
      route: (question) => this.route(replicas, question),
    };
  }

  private async route(
    replicas: LiveReplicas,
    { caller, replica, to }: { caller: string; replica?: string; to: string },
  ): Promise<{ to: string }> {
    const peer = parsePeer(to);
    const [first] = replicas.list(caller).filter(({ ready, name }) => ready || name === caller);
    const name = replica ?? first?.name;
    // Who has no sidecar goes straight to that of the callee.
    const port = name === undefined ? replicas.inbound(peer) : await replicas.outbound(name, peer);
    return { to: `127.0.0.1:${String(port)}` };
  }

  private async stats(replicas: LiveReplicas, workload: string, filter?: string): Promise<SidecarStats[]> {
    const ready = replicas.list(workload).filter((replica) => replica.ready);
    return Promise.all(
      ready.map(async ({ name }) => ({
        replica: name,
        values: (await readStats(this.mesh.adminPort(name), filter)).values,
      })),
    );
  }

  private status({ rules, runner }: { rules: LiveRules; runner: Runner }): MeshStatus {
    const { mesh } = this;
    const names = [ingressName, ...mesh.members.keys()];
    return {
      files: [...mesh.rules.base, ...mesh.rules.applied].map(({ path }) => path),
      objects: mesh.objects.map(({ file, line, kind, name, effect }) => ({ file, line, kind, name, effect })),
      problem: rules.problem,
      sidecars: names.map((name) => ({
        name,
        status:
          runner.processes.find(sidecarName({ name, kind: name === ingressName ? "gateway" : "sidecar" }))
            ?.status ?? "stopped",
        certificateEnds: mesh.options.certificates.ends.get(name)?.toISOString(),
        admin: `http://127.0.0.1:${String(mesh.adminPort(name))}`,
      })),
    };
  }
}
