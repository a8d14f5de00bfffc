import { type FaultStatus } from "../../target/fault-control";
import { type SidecarStats, sumStats } from "../../target/target";
import { type Disturbance, type Evidence } from "./disturbance";

type Rule = Extract<Disturbance, { kind: "rule" }>;

/** What was done, in words: the fault, and the one replica that it hits. */
export function faultInForce(name: string, replica: string | undefined): string {
  return `fault ${name} in force${replica === undefined ? "" : ` at ${replica}`}`;
}

/** What a fault of mesh/faults did so far; `undefined` is the status of one that is not in force. */
export function faultEvidence(name: string, status: FaultStatus | undefined): Evidence {
  if (status === undefined) return { seen: false, detail: `${name} is not in force` };
  return hits({
    ...status.observed,
    workload: status.fault.workload,
    configuredPercent: status.fault.effect.percent,
  });
}

/** Counts a rule's hits from now on, by the statistics of the sidecars that it names. */
export async function watchRule(
  { counted }: Rule,
  stats: (service: string, pattern: string) => Promise<SidecarStats[]>,
): Promise<() => Promise<Evidence>> {
  if (counted === undefined)
    return () => Promise.resolve({ seen: true, detail: "every sidecar that it names has it" });
  const { service, percent } = counted;
  const read = async (pattern: string): Promise<number> =>
    sumStats(await stats(service, pattern), new RegExp(pattern));
  const before = { calls: await read(counted.of), hit: await read(counted.hit) };
  return async () =>
    hits({
      calls: (await read(counted.of)) - before.calls,
      hit: (await read(counted.hit)) - before.hit,
      workload: service,
      configuredPercent: percent,
    });
}

type Hits = { calls: number; hit: number; workload: string; configuredPercent: number };

function hits({ calls, hit, workload, configuredPercent }: Hits): Evidence {
  const detail = `${String(hit)} of ${String(calls)} calls to ${workload} were hit`;
  return { seen: hit > 0, detail, of: calls, hit, configuredPercent };
}
