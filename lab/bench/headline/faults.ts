import { setTimeout as delay } from "node:timers/promises";

import { type ServiceName } from "../../../lib/events";
import { countFaults } from "../../target/fault-rate";
import { type MeshTarget, type RuleSource } from "../../target/target";
import { type RunningArm } from "./arms";
import { type CorrelatedKind, type FaultEvent, independent } from "./schedule";

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

type Shares = { abortPercent: number; delayPercent: number; delaySeconds: number };

const share = (percent: number): string =>
  `{numerator: ${String(Math.round(percent * 100))}, denominator: TEN_THOUSAND}`;

function faultFilter(name: string, labels: Record<string, string>, shares: Shares): string {
  const selector = Object.entries(labels).map(([key, value]) => `      ${key}: "${value}"`);
  return `apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata:
  name: bench-${name}
  namespace: symphony
spec:
  workloadSelector:
    labels:
${selector.join("\n")}
  configPatches:
    - applyTo: HTTP_FILTER
      match:
        context: SIDECAR_INBOUND
        listener:
          filterChain:
            filter:
              name: envoy.filters.network.http_connection_manager
              subFilter:
                name: envoy.filters.http.router
      patch:
        operation: INSERT_BEFORE
        value:
          name: envoy.filters.http.fault
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault
            abort: {http_status: 503, percentage: ${share(shares.abortPercent)}}
            delay: {fixed_delay: ${String(shares.delaySeconds)}s, percentage: ${share(shares.delayPercent)}}
`;
}

const nameLabel = "app.kubernetes.io/name";

/** The same faults at the inbound side of every service, each call by a throw of Envoy's own dice. */
export const independentFaults: RuleSource = {
  yaml: broken.map((service) => faultFilter(service, { [nameLabel]: service }, independent)).join("---\n"),
};

const slowLabel = { key: "symphony.dev/slow", value: "true" };
const slowReplica: RuleSource = {
  yaml: faultFilter(
    "slow-replica",
    { [nameLabel]: "inventory", [slowLabel.key]: slowLabel.value },
    { abortPercent: 0, delayPercent: 100, delaySeconds: 2 },
  ),
};

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

/** Does what each kind says; the returned function ends what does not end by itself. */
const strikes: Record<CorrelatedKind, (arm: RunningArm) => Promise<() => Promise<void>>> = {
  "inventory-replica-dead": (arm) => kill(arm, "inventory-2"),
  "order-replica-dead": (arm) => kill(arm, "order-2"),
  "broker-killed": (arm) => kill(arm, "nats"),
  "shipping-hangs": ({ stack }) => {
    stack.process("shipping")?.signal("SIGSTOP");
    return Promise.resolve(() => {
      stack.process("shipping")?.signal("SIGCONT");
      return Promise.resolve();
    });
  },
  "inventory-replica-slow": async ({ target }) => {
    const replica = (await target.replicas("inventory")).find(({ name }) => name === "inventory-2");
    if (replica === undefined) throw new Error("there is no second replica of inventory");
    await target.label(replica, slowLabel.key, slowLabel.value);
    await target.apply(slowReplica);
    return async () => {
      await target.remove(slowReplica);
      await target.label(replica, slowLabel.key, undefined);
    };
  },
};

function kill({ stack }: RunningArm, name: string): Promise<() => Promise<void>> {
  const process = stack.process(name);
  if (process?.pid === undefined) throw new Error(`${name} does not run`);
  process.signal("SIGKILL");
  return Promise.resolve(() => Promise.resolve());
}

/** Strikes as scheduled, from now on; resolves when all has ended. What is in force is ended whatever happens. */
export async function runFaults(
  arm: RunningArm,
  events: readonly FaultEvent[],
  signal: AbortSignal,
): Promise<void> {
  const from = performance.now();
  const until = (ms: number): Promise<unknown> =>
    delay(Math.max(ms - (performance.now() - from), 0), undefined, { signal });
  for (const { kind, atMs, endMs } of events) {
    await until(atMs);
    const end = await strikes[kind](arm);
    try {
      await until(endMs);
    } finally {
      await end();
    }
  }
}
