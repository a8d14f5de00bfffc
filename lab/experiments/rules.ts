import { type ServiceName } from "../../lib/events";
import { type Disturbance } from "../mesh/disturb/disturbance";
import { faultFilter, httpFaultPatch, refusePatch } from "../target/inbound-fault";

type Rule = Extract<Disturbance, { kind: "rule" }>;

const million = 1_000_000;
const share = (percent: number): string =>
  `{numerator: ${String(Math.round((percent / 100) * million))}, denominator: MILLION}`;
const seconds = (ms: number): string => `${String(ms / 1000)}s`;

function envoyFilter(name: string, service: ServiceName, patch: string): string {
  return faultFilter({
    name: `experiment-${name}`,
    label: `app.kubernetes.io/name: ${service}`,
    patches: [patch],
  });
}

const inboundCalls = "^http\\.inbound_[^;]*;\\.downstream_rq_total$";
const injected = (what: "aborts" | "delays"): string => `^http\\.inbound_[^;]*;\\.fault\\.${what}_injected$`;

/** Some calls to a service are answered with a status. */
export function abortRule(options: { service: ServiceName; status: number; percent: number }): Rule {
  const { service, status, percent } = options;
  const name = `abort-${service}`;
  return {
    kind: "rule",
    path: `the experiment's ${name}`,
    text: envoyFilter(
      name,
      service,
      httpFaultPatch(`abort: {http_status: ${String(status)}, percentage: ${share(percent)}}`),
    ),
    counted: { service, of: inboundCalls, hit: injected("aborts"), percent },
  };
}

/** Some calls to a service, or those of one caller, take longer. */
export function delayRule(options: {
  service: ServiceName;
  byMs: number;
  percent: number;
  from?: ServiceName;
}): Rule {
  const { service, byMs, percent, from } = options;
  const name = from === undefined ? `delay-${service}` : `slow-link-${from}-${service}`;
  // The callee's sidecar writes down whose certificate the caller had.
  const header =
    from === undefined
      ? ""
      : `
            headers: [{name: x-forwarded-client-cert, string_match: {contains: "/sa/${from}"}}]`;
  return {
    kind: "rule",
    path: `the experiment's ${name}`,
    text: envoyFilter(
      name,
      service,
      httpFaultPatch(`delay: {fixed_delay: ${seconds(byMs)}, percentage: ${share(percent)}}${header}`),
    ),
    // Calls of others come in too and are none that it could hit, so their share says nothing.
    counted: {
      service,
      of: inboundCalls,
      hit: injected("delays"),
      percent: from === undefined ? percent : 0,
    },
  };
}

/** Connections of one service to another are closed before a request is read. */
export function partitionRule({ from, to }: { from: ServiceName; to: ServiceName }): Rule {
  const name = `partition-${from}-${to}`;
  const prefix = `experiment_partition_${from}_${to}`;
  const text = envoyFilter(
    name,
    to,
    refusePatch(
      prefix,
      `rules:
              action: DENY
              policies:
                ${from}:
                  permissions: [{any: true}]
                  principals:
                    - authenticated:
                        principal_name: {exact: "spiffe://cluster.local/ns/symphony/sa/${from}"}`,
    ),
  );
  return {
    kind: "rule",
    path: `the experiment's ${name}`,
    text,
    counted: {
      service: to,
      of: `${prefix}\\.rbac\\.(allowed|denied)$`,
      hit: `${prefix}\\.rbac\\.denied$`,
      percent: 0,
    },
  };
}
