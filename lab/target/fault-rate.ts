import { z } from "zod";

import { type Fault } from "./faults";

/** What one sidecar has counted since it started, of calls to its service. */
export const faultCounts = z.object({
  calls: z.number(),
  aborts: z.number(),
  delays: z.number(),
  slowed: z.number(),
  /** Connections that a fault's filter looked at, and those it refused. */
  connections: z.number(),
  refused: z.number(),
});
export type FaultCounts = z.infer<typeof faultCounts>;
/** By replica. */
export type FaultReading = Readonly<Record<string, FaultCounts>>;

/** Calls that came while the fault was in force, and those it hit. */
export type ObservedRate = { calls: number; hit: number; percent: number | undefined };

const none: FaultCounts = { calls: 0, aborts: 0, delays: 0, slowed: 0, connections: 0, refused: 0 };

const inbound =
  /^http\.inbound_[^;]*;\.(?:fault\.)?(downstream_rq_total|aborts_injected|delays_injected|response_rl_injected)$/;
const columns: Record<string, keyof FaultCounts> = {
  downstream_rq_total: "calls",
  aborts_injected: "aborts",
  delays_injected: "delays",
  response_rl_injected: "slowed",
};

/** Adds up what matters of a sidecar's statistics, over all ports of the service. */
export function countFaults(values: Readonly<Record<string, number>>): FaultCounts {
  const counts = { ...none };
  for (const [name, value] of Object.entries(values)) {
    const column = columns[inbound.exec(name)?.[1] ?? ""];
    if (column !== undefined) counts[column] += value;
    const verdict = /(?:^|\.)fault_\w+\.rbac\.(allowed|denied)$/.exec(name)?.[1];
    if (verdict === undefined) continue;
    counts.connections += value;
    if (verdict === "denied") counts.refused += value;
  }
  return counts;
}

/**
 * What happened between two readings. A replica that was not there before counts from zero, as does one whose
 * sidecar started anew; one that is gone is left out.
 */
export function observedRate(
  fault: Pick<Fault, "effect">,
  before: FaultReading,
  after: FaultReading,
): ObservedRate {
  const hits = { abort: "aborts", delay: "delays", slow: "slowed", reset: "refused" } as const;
  const hitColumn = hits[fault.effect.kind];
  const callColumn = fault.effect.kind === "reset" ? "connections" : "calls";
  let calls = 0;
  let hit = 0;
  for (const [replica, now] of Object.entries(after)) {
    const then = before[replica];
    const base = then === undefined || then.calls > now.calls || then.refused > now.refused ? none : then;
    calls += now[callColumn] - base[callColumn];
    hit += now[hitColumn] - base[hitColumn];
  }
  return { calls, hit, percent: calls === 0 ? undefined : Math.round((1000 * hit) / calls) / 10 };
}
