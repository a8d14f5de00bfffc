import { type ServiceName, serviceNames } from "../../lib/events";
import { Failure } from "../run/failure";
import type { Processes } from "../run/processes";
import type { Instance } from "../run/topology";
import { nameLabel } from "../target/pods";
import { type Replica, type Stranger } from "../target/target";
import { type Mesh } from "./mesh";
import { sidecarName } from "./sidecar";
import { hostOf, type Member, memberOf, type Peer, ports } from "./world";

export type Runner = {
  processes: Processes;
  startService(instance: Instance): Promise<void>;
  /** Variables that a service's processes get from their next start on, besides the usual ones; none takes them back. */
  configure(service: ServiceName, variables: Record<string, string> | undefined): void;
  /** Where the broker keeps its streams. */
  brokerFolder: string;
  natsUrl(): string;
  /** Undefined where the database is somebody else's. */
  superuserUrl(): string | undefined;
};

const settleMs = 50;
/** What was sent to a replica before the others forgot it has arrived by then. */
const arrivalMs = 300;

/** What runs in the mesh: more or fewer replicas, labels, strangers, and that nobody calls who does not serve. */
export class LiveReplicas {
  private settling: NodeJS.Timeout | undefined;
  private starting = new Set<string>();
  private queue: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly mesh: Mesh,
    private readonly runner: Runner,
    private readonly plan: (service: ServiceName, replica: number) => Promise<Instance>,
  ) {}

  list(workload: string): Replica[] {
    if (workload === "ingress")
      return [this.describe({ name: workload, labels: { istio: "ingressgateway" } })];
    return [...this.mesh.members.values()]
      .filter(({ labels }) => labels[nameLabel] === workload)
      .map((member) => this.describe(member));
  }

  /** So many processes of a service, with a sidecar each; resolves once they serve. */
  scale(service: ServiceName, replicas: number): Promise<void> {
    return this.inTurn(async () => {
      for (let replica = this.list(service).length + 1; replica <= replicas; replica += 1)
        await this.add(memberOf(await this.plan(service, replica)));
      for (const { name } of this.list(service).slice(replicas).toReversed()) await this.removeMember(name);
    });
  }

  /** SIGKILL for the process and its sidecar, as when a pod is gone; both are started again. */
  kill(name: string): Promise<void> {
    this.member(name);
    for (const process of [name, sidecarName({ name, kind: "sidecar" })])
      this.runner.processes.find(process)?.signal("SIGKILL");
    return Promise.resolve();
  }

  /**
   * Every process of a service anew, one after the other, each only once the one before serves. With `drain` the others
   * forget it first and it may end what it has begun; without it is killed. Resolves once all serve.
   */
  roll(service: ServiceName, { drain }: { drain: boolean }): Promise<void> {
    return this.inTurn(async () => {
      for (const { name } of this.list(service)) {
        const process = this.runner.processes.find(name);
        if (process === undefined) continue;
        if (!drain) {
          await process.hold();
          await process.release();
          continue;
        }
        this.starting.add(name);
        try {
          await this.callWhoServes();
          await new Promise((resolve) => setTimeout(resolve, arrivalMs));
          await process.roll();
        } finally {
          this.starting.delete(name);
        }
        await this.callWhoServes();
      }
    });
  }

  async label(name: string, key: string, value: string | undefined): Promise<void> {
    const member = this.member(name);
    const { [key]: before, ...others } = member.labels;
    if (before === value) return;
    const labels = value === undefined ? others : { ...others, [key]: value };
    await this.replace(name, (current) => ({ ...current, labels }));
  }

  /** A caller that no rule knows. Without a sidecar nothing has to run for it. */
  startStranger({ name, sidecar }: Stranger): Promise<void> {
    return this.inTurn(async () => {
      const labels = { [nameLabel]: name };
      if (sidecar) await this.add({ name, serviceAccount: name, labels, peers: [] });
    });
  }

  stopStranger(name: string): Promise<void> {
    return this.inTurn(async () => {
      if (this.mesh.members.has(name)) await this.removeMember(name);
    });
  }

  /** Where a member reaches a peer; a way that it never needed is opened. */
  async outbound(name: string, peer: Peer): Promise<number> {
    const member = this.member(name);
    if (!member.peers.some(({ service, port }) => service === peer.service && port === peer.port)) {
      await this.replace(name, (current) => ({ ...current, peers: [...current.peers, peer] }));
    }
    const host = hostOf(peer.service);
    const found = this.mesh
      .workload(name)
      ?.outbound.find((entry) => entry.host === host && entry.port === peer.port);
    if (found === undefined || "pipe" in found.listen) throw new Error(`${name} has no way to ${host}`);
    return found.listen.port;
  }

  /** Where the sidecars of a service take calls. */
  inbound({ service, port }: Peer): number {
    const [first] = this.list(service);
    const found = this.mesh.workload(first?.name ?? "")?.inbound.find((entry) => entry.port === port);
    if (found === undefined || "pipe" in found.listen)
      throw new Failure("call.no_port", `${service} does not serve port ${String(port)}`);
    return found.listen.port;
  }

  /** Some process has changed its state: who does not serve gets no calls until it does again. */
  processesChanged(): void {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => {
      void this.callWhoServes().catch(() => undefined);
    }, settleMs).unref();
  }

  /** Resolves once every sidecar knows who serves at the moment. */
  async callWhoServes(): Promise<void> {
    await this.mesh.change({ unready: () => this.unready() });
  }

  close(): void {
    clearTimeout(this.settling);
  }

  private unready(): Set<string> {
    const names = [...this.mesh.members.values()].filter(
      ({ name, instance }) => instance !== undefined && (this.starting.has(name) || !this.serves(name)),
    );
    return new Set(names.map(({ name }) => name));
  }

  private serves(name: string): boolean {
    const sidecar = sidecarName({ name, kind: "sidecar" });
    // A stranger is nothing but its sidecar.
    const needed = this.mesh.members.get(name)?.instance === undefined ? [sidecar] : [name, sidecar];
    return needed.every((process) => this.runner.processes.find(process)?.status === "ready");
  }

  private describe({ name, labels }: Pick<Member, "name" | "labels">): Replica {
    const isIngress = name === "ingress";
    const process = this.runner.processes.find(name);
    return {
      name,
      workload: isIngress ? name : (labels[nameLabel] ?? name),
      ready: isIngress ? process?.status === "ready" : this.serves(name) && !this.starting.has(name),
      restarts: process?.restarts ?? 0,
      labels,
    };
  }

  private member(name: string): Member {
    const found = this.mesh.members.get(name);
    if (found !== undefined) return found;
    const known = [...this.mesh.members.keys()].join(", ");
    throw new Failure("mesh.no_replica", `there is no replica ${name}`, { fix: `choose one of ${known}` });
  }

  private async add(member: Member): Promise<void> {
    const { name, instance } = member;
    this.starting.add(name);
    try {
      await this.mesh.change({
        members: (current) => new Map(current).set(name, member),
        unready: () => new Set([...this.unready(), name]),
      });
      await this.mesh.startSidecar(name, this.runner.processes);
      if (instance !== undefined) await this.runner.startService(instance);
      this.starting.delete(name);
      await this.callWhoServes();
    } catch (error) {
      this.starting.delete(name);
      await this.removeMember(name);
      throw error;
    }
  }

  /** The others forget it first; what it has begun it ends. */
  private async removeMember(name: string): Promise<void> {
    this.starting.add(name);
    await this.mesh.change({ unready: () => new Set([...this.unready(), name]) });
    await new Promise((resolve) => setTimeout(resolve, arrivalMs));
    await this.runner.processes.retire(name);
    await this.mesh.stopSidecar(name, this.runner.processes);
    this.starting.delete(name);
    await this.mesh.change({
      members: (current) => new Map([...current].filter(([other]) => other !== name)),
      unready: () => this.unready(),
    });
  }

  private async replace(name: string, change: (member: Member) => Member): Promise<void> {
    await this.mesh.change({
      members: (current) =>
        new Map([...current].map(([key, member]) => [key, key === name ? change(member) : member])),
    });
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.queue.then(work);
    this.queue = turn.catch(() => undefined);
    return turn;
  }
}

/** `inventory:8080` as a peer; a `Failure` where it names none. */
export function parsePeer(text: string): Peer {
  const [name, number] = text.split(":");
  const service = serviceNames.find((known) => known === name);
  const port = Object.values(ports).find((known) => String(known) === number);
  if (service !== undefined && port !== undefined && port !== ports.ingress) return { service, port };
  throw new Failure("call.no_peer", `${text} is no service of the mesh`, {
    fix: "name it as payment:8080 or payment:9090",
  });
}
