import { serviceNames } from "../../lib/events";
import { scrapeIntervalSeconds } from "../platform/prometheus-config";
import { type Burn, fastBurns, type Objective, objectives, ratioName, slowBurns } from "./objectives";

export type Alert = {
  name: string;
  /** Whether somebody has to look now, or this week. */
  severity: "page" | "ticket";
  expr: string;
  /** What `expr` compares with a limit: each gives data while all is well, too. */
  signals: readonly string[];
  /** How long it must hold before somebody is told. */
  for?: string;
  summary: string;
};

type Limit = "<" | ">" | ">=";

/** An alert on one value with a limit. */
function limited(
  alert: Omit<Alert, "expr" | "signals"> & { value: string; is: [than: Limit, limit: number] },
): Alert {
  const { value, is, ...rest } = alert;
  return { ...rest, expr: `${value} ${is[0]} ${is[1]}`, signals: [value] };
}

const burnExpression = (objective: Objective, burns: readonly Burn[]): string =>
  burns
    .map(({ rate, long, short }) => {
      const limit = `${rate} * ${Number((1 - objective.target).toFixed(6))}`;
      return `(${ratioName(objective, long)} > ${limit} and ${ratioName(objective, short)} > ${limit})`;
    })
    .join(" or ");

const burnSignals = (objective: Objective, burns: readonly Burn[]): string[] =>
  burns.flatMap(({ long, short }) => [ratioName(objective, long), ratioName(objective, short)]);

const what = {
  availability: ["OrderAvailability", "requests about orders fail"],
  latency: ["OrderLatency", "new orders are answered slowly"],
} as const;

const burning: Alert[] = objectives.flatMap((objective): Alert[] => {
  const [prefix, problem] = what[objective.name];
  const share = "{{ $value | humanizePercentage }}";
  return [
    {
      name: `${prefix}BurnsFast`,
      severity: "page",
      expr: burnExpression(objective, fastBurns),
      signals: burnSignals(objective, fastBurns),
      summary: `${share} of the ${problem}: the budget of thirty days is gone within days`,
    },
    {
      name: `${prefix}BurnsSlowly`,
      severity: "ticket",
      expr: burnExpression(objective, slowBurns),
      signals: burnSignals(objective, slowBurns),
      summary: `${share} of the ${problem}, for a day or longer`,
    },
  ];
});

const hosts = `cluster_name=~"outbound.*"`;
const ejected = `envoy_cluster_outlier_detection_ejections_active{${hosts}}`;
const known = `(envoy_cluster_membership_total{${hosts}} > 0)`;

const scraped = `sum by (app) (up{namespace="symphony"})`;

/** Pods that do not answer, and services without any pod, of which there is no series. */
const serviceMissing: Alert = {
  name: "ServiceMissing",
  severity: "page",
  expr: [
    `${scraped} == 0`,
    ...serviceNames.map((service) => `max by (app) (absent(up{namespace="symphony",app="${service}"}))`),
  ].join(" or "),
  signals: [scraped],
  for: "2m",
  summary: "no pod of {{ $labels.app }} gives its metrics",
};

/** Every alert. docs/runbook.md has an entry for each: symptom, first look, fix. */
export const alerts: readonly Alert[] = [
  ...burning,
  limited({
    name: "SagaStuck",
    severity: "page",
    value: "max(saga_stuck)",
    is: [">", 0],
    for: "1m",
    summary: "{{ $value }} orders have been compensating for longer than a saga may take",
  }),
  limited({
    name: "DeadLettersGrow",
    severity: "ticket",
    value: "max by (service) (delta(dead_letters_stored[10m]))",
    is: [">", 0],
    summary: "{{ $labels.service }} gave up on events within the last ten minutes",
  }),
  limited({
    name: "OutboxOld",
    severity: "page",
    value: "max by (service) (outbox_oldest_pending_seconds)",
    is: [">", 30],
    for: "1m",
    summary: "events of {{ $labels.service }} have waited {{ $value | humanizeDuration }} to be published",
  }),
  limited({
    name: "EventsParked",
    severity: "ticket",
    value: "max by (service) (outbox_parked_events)",
    is: [">", 0],
    for: "1m",
    summary: "the broker refused {{ $value }} events of {{ $labels.service }} for good",
  }),
  limited({
    name: "ConsumerBehind",
    severity: "ticket",
    value: "max by (service) (consumer_lag_events)",
    is: [">", 1_000],
    for: "5m",
    summary: "{{ $labels.service }} has not been given {{ $value }} events yet",
  }),
  limited({
    name: "BreakerOpen",
    severity: "page",
    // Ejected hosts come back after 10 s to be tried, so a minute's highest share is looked at, not the moment's. The
    // share, not the count: an ejection of before must not be held against the hosts that are left after scaling down.
    value: `max by (app, callee) (max_over_time((${ejected} / ${known})[1m:${scrapeIntervalSeconds}s]))`,
    is: [">=", 1],
    for: "30s",
    summary: "{{ $labels.app }} gets no answer from {{ $labels.callee }}: its sidecar has ejected all hosts",
  }),
  limited({
    name: "CertificateNotRenewed",
    severity: "page",
    // A certificate lives for a day, and is renewed after half of it.
    value: "min by (namespace, app) (istio_agent_cert_expiry_seconds)",
    is: ["<", 6 * 3600],
    for: "5m",
    summary:
      "the certificate of {{ $labels.app }} in {{ $labels.namespace }} ends in {{ $value | humanizeDuration }}",
  }),
  limited({
    name: "RootCertificateEnds",
    severity: "ticket",
    value: "min(citadel_server_root_cert_expiry_timestamp) - time()",
    is: ["<", 30 * 86_400],
    for: "5m",
    summary: "the mesh's root certificate ends in {{ $value | humanizeDuration }}",
  }),
  serviceMissing,
];
