import { setTimeout as delay } from "node:timers/promises";

import { type ServiceName } from "../../../lib/events";
import { type Ground } from "../../experiments/ground";
import { type Disturbance } from "../../mesh/disturb/disturbance";
import { countFaults } from "../../target/fault-rate";
import { faultFilter, httpFaultPatch } from "../../target/inbound-fault";
import { type MeshTarget, type RuleSource } from "../../target/target";
import { type CorrelatedKind, type FaultEvent, independent, type Struck } from "./schedule";

/** Where calls are broken: every service but the gateway and user, which orders do not depend on. */
const broken: readonly ServiceName[] = [
  "order",
  "inventory",
  "payment",
  "shipping",
  "notification",
  "audit",
  "analytics",
];

const share = (percent: number): string =>
  `{numerator: ${String(Math.round(percent * 100))}, denominator: TEN_THOUSAND}`;

function filterOf(service: ServiceName): string {
  const faults = [
    `abort: {http_status: 503, percentage: ${share(independent.abortPercent)}}`,
    ...independent.delays.map(
      ({ seconds, percent }) => `delay: {fixed_delay: ${String(seconds)}s, percentage: ${share(percent)}}`,
    ),
  ];
  return faultFilter({
    name: `bench-${service}`,
    label: `app.kubernetes.io/name: ${service}`,
    patches: faults.map(httpFaultPatch),
  });
}

/** The same faults at the inbound side of every service, each call by throws of Envoy's own dice. */
export const independentFaults: RuleSource = { yaml: broken.map(filterOf).join("---\n") };

/** Calls to the broken services, and how many of them were aborted or delayed. */
export type EffectiveFaults = { calls: number; aborts: number; delays: number };

/** What the sidecars have counted so far. */
export async function readFaultCounts(target: MeshTarget): Promise<EffectiveFaults> {
  const sum = { calls: 0, aborts: 0, delays: 0 };
  for (const service of broken) {
    for (const { values } of await target.stats(service, /^http\.inbound_|fault/)) {
      const { calls, aborts, delays } = countFaults(values);
      sum.calls += calls;
      sum.aborts += aborts;
      sum.delays += delays;
    }
  }
  return sum;
}

const strikes: Record<CorrelatedKind, Disturbance> = {
  "inventory-replica-dead": { kind: "kill", victim: "inventory", replica: 2 },
  "order-replica-dead": { kind: "kill", victim: "order", replica: 2 },
  "broker-killed": { kind: "kill", victim: "broker" },
  "shipping-hangs": { kind: "pause", victim: "shipping" },
  "inventory-replica-slow": { kind: "pause", victim: "inventory", replica: 2 },
};

/**
 * A slow replica gets a tenth of its time: whatever it does is slow, calls and events alike. A delay at its sidecar
 * would leave out who reaches it through the broker.
 */
const slowTurn = { stoppedMs: 900, runningMs: 100 };
const seenWithinMs = 5_000;
const lookEveryMs = 50;
/** Longer than the suite, so that nobody has to renew it. */
const leaseBeyondMs = 120_000;

/** How a fault is put in force, looked at and taken back; times are ms since the suite began. */
type Strike = {
  ground: Ground;
  disturbance: Disturbance;
  endMs: number;
  now(): number;
  until(ms: number): Promise<unknown>;
};

async function strikeOnce({ ground, disturbance, endMs, until }: Strike) {
  const { step } = await ground.disturb(disturbance);
  const deadline = performance.now() + seenWithinMs;
  let evidence = await ground.observe(step);
  while (!evidence.seen && performance.now() < deadline) {
    await delay(lookEveryMs);
    evidence = await ground.observe(step);
  }
  await until(endMs);
  await ground.heal(step);
  return evidence;
}

async function strikeInTurns(strike: Strike) {
  let all = { seen: true, detail: "never stopped" };
  while (strike.now() < strike.endMs) {
    const endMs = Math.min(strike.now() + slowTurn.stoppedMs, strike.endMs);
    const { seen, detail } = await strikeOnce({ ...strike, endMs });
    all = { seen: all.seen && seen, detail };
    await strike.until(Math.min(endMs + slowTurn.runningMs, strike.endMs));
  }
  return all;
}

/**
 * Strikes as scheduled, from now on; resolves, once all has ended, with what was seen of each. What is in force is
 * ended whatever happens.
 */
export async function runFaults(
  ground: Ground,
  events: readonly FaultEvent[],
  signal: AbortSignal,
): Promise<Struck[]> {
  if (events.length === 0) return [];
  const lastMs = Math.max(...events.map(({ endMs }) => endMs));
  await ground.begin("the correlated faults of a bench", lastMs + leaseBeyondMs);
  const from = performance.now();
  const now = (): number => performance.now() - from;
  const until = (ms: number): Promise<unknown> => delay(Math.max(ms - now(), 0), undefined, { signal });
  const struck: Struck[] = [];
  try {
    for (const event of events) {
      await until(event.atMs);
      const { kind, endMs } = event;
      const strike = { ground, disturbance: strikes[kind], endMs, now, until };
      const { seen, detail } = await (kind === "inventory-replica-slow"
        ? strikeInTurns(strike)
        : strikeOnce(strike));
      struck.push({ ...event, seen, detail });
    }
    return struck;
  } finally {
    await ground.end();
  }
}
