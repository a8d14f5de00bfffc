import { Failure } from "../run/failure";
import { type ActiveFault, type FaultStatus } from "../target/fault-control";
import { countFaults, type FaultReading, observedRate } from "../target/fault-rate";
import { type Fault, findFault, readFaults } from "../target/faults";
import { readRule } from "../target/rules";
import { type Replica, type SidecarStats } from "../target/target";
import { type RuleText } from "./control";
import { type Lease, LeaseFile, secondsLeft } from "./leases";

/** What faults need of the mesh. */
export type FaultHost = {
  applyRule(rule: RuleText): Promise<unknown>;
  removeRule(rule: RuleText): Promise<unknown>;
  replicas(workload: string): Replica[];
  label(name: string, key: string, value: string | undefined): Promise<void>;
  stats(workload: string, filter: string): Promise<SidecarStats[]>;
  say(line: string): void;
};

const statsFilter = "^http.inbound_|fault";
const defaultSampleMs = 5000;
/** Node's timers take no more. */
const maxTimerMs = 2 ** 31 - 1;

/** Faults of mesh/faults, each with a lease: they end by themselves. */
export class LiveFaults {
  private readonly leases: LeaseFile;
  private readonly timers = new Map<string, NodeJS.Timeout>();

  constructor(
    private readonly host: FaultHost,
    path: string,
  ) {
    // A run begins without faults: those of one that died ended with its sidecars.
    for (const { name } of LeaseFile.read(path))
      host.say(`${name}, which the last run left in force, is healed`);
    this.leases = new LeaseFile(path);
    this.leases.clear();
  }

  active(): ActiveFault[] {
    return this.leases.all.map(({ name, since, until, before }) => ({ name, since, until, before }));
  }

  async apply(name: string, forMs: number): Promise<{ replica: string | undefined; until: string }> {
    const fault = await findFault(name);
    const replica = await this.mark(fault);
    const before = await this.read(fault);
    if (Object.keys(before).length === 0)
      throw new Failure("fault.no_replica", `no replica of ${fault.workload} is ready`, {
        fix: "see ./symphony status",
      });
    await this.host.applyRule({ path: fault.file, text: await readRule({ file: fault.file }) });
    const until = new Date(Date.now() + forMs).toISOString();
    const since = new Date().toISOString();
    await this.leases.add({ name, since, until, before, ...(replica && { replica: replica.name }) });
    this.expire(fault, forMs);
    return { replica: replica?.name, until };
  }

  async clear(name: string): Promise<void> {
    const fault = await findFault(name);
    clearTimeout(this.timers.get(name));
    this.timers.delete(name);
    await this.host.removeRule({ path: fault.file, text: await readRule({ file: fault.file }) });
    await this.leases.remove(name);
    const { replicaLabel } = fault;
    if (replicaLabel === undefined) return;
    for (const replica of this.host.replicas(fault.workload))
      if (replica.labels[replicaLabel.key] === replicaLabel.value)
        await this.host.label(replica.name, replicaLabel.key, undefined);
  }

  async status({ name, sampleMs }: { name?: string; sampleMs?: number }): Promise<FaultStatus[]> {
    const known = await readFaults();
    const wanted = this.leases.all.filter((lease) => name === undefined || lease.name === name);
    return Promise.all(
      wanted.flatMap((lease) => {
        const fault = known.find((candidate) => candidate.name === lease.name);
        return fault === undefined ? [] : [this.statusOf(fault, lease, sampleMs)];
      }),
    );
  }

  /** Ends every lease and every timer, for when the sidecars stop anyway. */
  close(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
    this.leases.clear();
  }

  private async statusOf(fault: Fault, lease: Lease, sampleMs: number | undefined): Promise<FaultStatus> {
    let before: FaultReading = lease.before;
    if (sampleMs !== undefined) {
      before = await this.read(fault);
      await new Promise((resolve) => setTimeout(resolve, sampleMs || defaultSampleMs));
    }
    const after = await this.read(fault);
    return {
      fault,
      since: lease.since,
      secondsLeft: secondsLeft(lease),
      observed: observedRate(fault, before, after),
      whole: sampleMs === undefined,
      replicas: Object.keys(after),
    };
  }

  private expire(fault: Fault, forMs: number): void {
    clearTimeout(this.timers.get(fault.name));
    const timer = setTimeout(
      () => {
        this.clear(fault.name).then(
          () => {
            this.host.say(`${fault.name} has ended: its time is over`);
          },
          (error: unknown) => {
            this.host.say(`${fault.name} could not be healed: ${String(error)}`);
          },
        );
      },
      Math.min(forMs, maxTimerMs),
    );
    this.timers.set(fault.name, timer);
  }

  /** The counters of the replicas that a fault can hit. */
  private async read(fault: Fault): Promise<FaultReading> {
    const label = fault.replicaLabel;
    const hit = this.host
      .replicas(fault.workload)
      .filter(({ ready, labels }) => ready && (label === undefined || labels[label.key] === label.value))
      .map(({ name }) => name);
    const stats = await this.host.stats(fault.workload, statsFilter);
    return Object.fromEntries(
      stats
        .filter(({ replica }) => hit.includes(replica))
        .map(({ replica, values }) => [replica, countFaults(values)]),
    );
  }

  /** Labels one replica for a fault that hits only such; one that has the label already stays the one. */
  private async mark(fault: Fault): Promise<Replica | undefined> {
    const label = fault.replicaLabel;
    if (label === undefined) return undefined;
    const ready = this.host.replicas(fault.workload).filter((replica) => replica.ready);
    const marked = ready.find(({ labels }) => labels[label.key] === label.value) ?? ready[0];
    if (marked !== undefined) await this.host.label(marked.name, label.key, label.value);
    return marked;
  }
}
