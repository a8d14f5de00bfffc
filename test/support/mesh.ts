import { readFileSync } from "node:fs";
import { join } from "node:path";

import { parseAllDocuments } from "yaml";

import { faultFilter, httpFaultPatch, refusePatch } from "../../lab/target/inbound-fault";
import {
  type Call,
  type CallResult,
  type MeshTarget,
  type RuleSource,
  type SidecarStats,
  sumStats,
  type Workload,
} from "../../lab/target/target";
import { type ServiceName } from "../../lib/events";
import { waitFor } from "./wait-for";

export const root = join(__dirname, "..", "..");

/** The text of a file of the repository. */
export const readSource = (path: string): string => readFileSync(join(root, path), "utf8");

/** What files of the repository have of a kind, to be changed before it is applied. */
export const readRules = (kind: string, files: readonly string[]) =>
  files
    .flatMap((file) => parseAllDocuments(readSource(file)))
    .filter((document) => document.get("kind") === kind);

/** Them as one text. */
export const toYaml = (rules: ReturnType<typeof readRules>): string =>
  rules.map((rule) => rule.toString({ directives: false })).join("---\n");

const domain = "symphony.svc.cluster.local";

/** Statistics of a caller's cluster for a callee's port, or for any of its ports, over all subsets. */
export const outbound = (callee: ServiceName, port: number | undefined, name: string): RegExp =>
  new RegExp(
    `^cluster\\.outbound\\|${port ?? "[0-9]+"}\\|[^|]*\\|${callee}\\.${domain.replaceAll(".", "\\.")};?\\.${name}$`,
  );

/** Statistics of a callee's listener on a port. */
export const inbound = (port: number, name: string): RegExp =>
  new RegExp(`^http\\.inbound_[0-9.]+_${port};?\\.${name}$`);

/** What of `workload`'s statistics matching each expression was added while `work` ran. */
export async function added<N extends string, T>(
  target: MeshTarget,
  counters: Record<N, { of: Workload; name: RegExp }>,
  work: () => Promise<T>,
): Promise<{ result: T; delta: Record<N, number> }> {
  const read = async (): Promise<Record<N, number>> => {
    const workloads = [...new Set(Object.values<{ of: Workload }>(counters).map(({ of }) => of))];
    const stats = new Map<Workload, SidecarStats[]>();
    for (const workload of workloads) stats.set(workload, await target.stats(workload));
    const entries = Object.entries<{ of: Workload; name: RegExp }>(counters);
    return Object.fromEntries(
      entries.map(([key, { of, name }]) => [key, sumStats(stats.get(of) ?? [], name)]),
    ) as Record<N, number>;
  };
  const before = await read();
  const result = await work();
  const after = await read();
  const keys = Object.keys(counters) as N[];
  const delta = Object.fromEntries(keys.map((key) => [key, after[key] - before[key]])) as Record<N, number>;
  return { result, delta };
}

/** Runs `work` under a rule that is taken back whatever happens. */
export async function under<T>(target: MeshTarget, rule: RuleSource, work: () => Promise<T>): Promise<T> {
  await target.apply(rule);
  try {
    return await work();
  } finally {
    await target.remove(rule);
  }
}

const activeEjections = /^cluster\.outbound\|.*outlier_detection\.ejections_active$/;

/** How many hosts `caller`'s sidecars have ejected at the moment, of one callee or of all. */
export async function ejected(target: MeshTarget, caller: Workload, callee?: ServiceName): Promise<number> {
  const name =
    callee === undefined
      ? activeEjections
      : outbound(callee, undefined, "outlier_detection\\.ejections_active");
  return sumStats(await target.stats(caller, name), name);
}

/** Waits until no breaker of the callers is open, so that a test does not meet what the last one left. */
export async function breakersClosed(
  target: MeshTarget,
  callers: Workload[] = ["gateway", "order", "ingress"],
  callee?: ServiceName,
): Promise<void> {
  for (const caller of callers) {
    await waitFor(async () => (await ejected(target, caller, callee)) === 0, {
      timeoutMs: 60_000,
      what: `the breakers of ${caller} to close`,
    });
  }
}

/**
 * Whether the service itself has answered rather than a sidecar. Under a new rule that may still happen: an open
 * connection keeps the rules that it was opened with for one more request.
 */
export function isUntouched({ status, headers }: CallResult, { rpc }: Call): boolean {
  return rpc === undefined ? "x-correlation-id" in headers : status !== 14 && status !== 4;
}

/**
 * Calls over each connection that `caller` keeps open to the callee of `call`: those from before a change of rules
 * carry one more request under the old ones, and are then closed.
 */
export async function renewConnections(target: MeshTarget, caller: ServiceName, call: Call): Promise<void> {
  const [callee, port] = call.to.split(":");
  const open = outbound(callee as ServiceName, Number(port), "upstream_cx_active");
  const count = sumStats(await target.stats(caller, open), open);
  if (count > 0) await target.call(caller, call, { count, concurrency: count });
}

const quickEjection = "1s";

/**
 * Breakers of the services that close after 1 s instead of 10 s, where what is tested is not how long they stay open:
 * waiting for them is most of the time. Gives what brings the rules of mesh/base back.
 */
export async function closeBreakersSoon(
  target: MeshTarget,
  services: readonly ServiceName[],
): Promise<() => Promise<void>> {
  const files = services.map((service) => `mesh/base/${service}.yaml`);
  const rules = readRules("DestinationRule", files);
  for (const rule of rules)
    rule.setIn(["spec", "trafficPolicy", "outlierDetection", "baseEjectionTime"], quickEjection);
  await target.apply({ yaml: toYaml(rules) });
  return async () => {
    for (const file of files) await target.apply({ file });
  };
}

type FaultAction = { abort: number } | { grpcAbort: number } | { delaySeconds: number } | { reset: true };

/** A fault that no file of mesh/faults has, at the inbound side of a service, or of all of them. */
export function faultYaml(name: string, service: ServiceName | undefined, action: FaultAction): string {
  const label =
    service === undefined ? "app.kubernetes.io/part-of: symphony" : `app.kubernetes.io/name: ${service}`;
  return faultFilter({ name: `test-${name}`, label, patches: [patchOf(action)] });
}

function patchOf(action: FaultAction): string {
  const all = "{numerator: 100, denominator: HUNDRED}";
  if ("reset" in action) return refusePatch("test_reset", "rules: {action: ALLOW}");
  if ("abort" in action) return httpFaultPatch(`abort: {http_status: ${action.abort}, percentage: ${all}}`);
  if ("grpcAbort" in action)
    return httpFaultPatch(`abort: {grpc_status: ${action.grpcAbort}, percentage: ${all}}`);
  return httpFaultPatch(`delay: {fixed_delay: ${action.delaySeconds}s, percentage: ${all}}`);
}

/** An id of the right form that belongs to nothing. */
export const nobody = "01970000-0000-7000-8000-000000000000";

/** One call, and its answer. */
export async function callOnce(target: MeshTarget, caller: string, call: Call): Promise<CallResult> {
  const [result] = await target.call(caller, call);
  if (result === undefined) throw new Error(`${caller} did not call ${call.to}`);
  return result;
}

/** How many of the results have each status. */
export function statuses(results: readonly CallResult[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of results) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
