import { CustomVariableBuilder, type Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";

import { serviceNames } from "../../lib/events";
import { dashboard, graph, number, quantile, rate } from "./parts";

const own = `{service="$service"}`;
const http = "http_server_request_duration_seconds";
const rpc = "rpc_server_call_duration_seconds";
const callee = `{callee="$service",cluster_name=~"outbound.*"}`;

/** One service, which is chosen at the top: what it serves, calls, handles and uses. */
export function service(): Dashboard {
  const variable = new CustomVariableBuilder("service")
    .label("Service")
    .values(serviceNames.join(","))
    .options(serviceNames.map((name) => ({ text: name, value: name, selected: name === "order" })))
    .current({ text: "order", value: "order", selected: true });
  return dashboard({
    uid: "symphony-service",
    title: "Symphony: service detail",
    description: "Requests, events, database and process of one service.",
    variables: [variable],
    rows: [
      [
        "Now",
        [
          number({
            title: "Pods that answer",
            unit: "short",
            queries: [[`sum(up{namespace="symphony",app="$service"})`, "pods"]],
          }),
          number({
            title: "Requests per second",
            unit: "reqps",
            queries: [[rate(`${http}_count`, own), "HTTP"]],
          }),
          number({
            title: "Hosts that callers have ejected",
            unit: "short",
            queries: [[`max(envoy_cluster_outlier_detection_ejections_active${callee})`, "ejected"]],
          }),
          number({
            title: "Spans dropped per second",
            description: "Traces cost no request anything: what is too much is left out.",
            unit: "ops",
            queries: [[rate("telemetry_dropped_total", own), "spans"]],
          }),
        ],
      ],
      [
        "HTTP",
        [
          graph({
            title: "Requests by route",
            unit: "reqps",
            queries: [[rate(`${http}_count`, own, ["method", "route"]), "{{method}} {{route}}"]],
          }),
          graph({
            title: "Answers by status",
            unit: "reqps",
            queries: [[rate(`${http}_count`, own, ["status"]), "{{status}}"]],
          }),
          graph({
            title: "Duration by route, 95 of 100",
            unit: "s",
            exemplars: true,
            queries: [[quantile(0.95, http, own, ["method", "route"]), "{{method}} {{route}}"]],
          }),
        ],
      ],
      [
        "gRPC",
        [
          graph({
            title: "Calls by method",
            unit: "reqps",
            width: 12,
            queries: [[rate(`${rpc}_count`, own, ["method", "code"]), "{{method}} {{code}}"]],
          }),
          graph({
            title: "Duration by method, 95 of 100",
            unit: "s",
            exemplars: true,
            width: 12,
            queries: [[quantile(0.95, rpc, own, ["method"]), "{{method}}"]],
          }),
        ],
      ],
      [
        "Events",
        [
          graph({
            title: "Handled, by event and outcome",
            unit: "ops",
            queries: [[rate("events_handled_total", own, ["event", "outcome"]), "{{event}} {{outcome}}"]],
          }),
          graph({
            title: "Handling an event, 95 of 100",
            unit: "s",
            exemplars: true,
            queries: [[quantile(0.95, "event_handling_duration_seconds", own, ["event"]), "{{event}}"]],
          }),
          graph({
            title: "Outbox",
            unit: "short",
            queries: [
              [`max(outbox_pending_events${own})`, "waiting"],
              [rate("outbox_published_events_total", own), "published per second"],
            ],
          }),
        ],
      ],
      [
        "Database",
        [
          graph({
            title: "Connections",
            unit: "short",
            width: 12,
            queries: [[`sum by (pool, state) (db_client_connection_count${own})`, "{{pool}} {{state}}"]],
          }),
          graph({
            title: "Callers that wait for one",
            unit: "short",
            width: 12,
            queries: [[`sum by (pool) (db_client_connection_pending_requests${own})`, "{{pool}}"]],
          }),
        ],
      ],
      [
        "Process",
        [
          graph({
            title: "Event loop behind",
            unit: "s",
            queries: [
              [`max by (pod) (nodejs_eventloop_lag_p50_seconds${own})`, "{{pod}} p50"],
              [`max by (pod) (nodejs_eventloop_lag_p99_seconds${own})`, "{{pod}} p99"],
            ],
          }),
          graph({
            title: "Cores in use",
            unit: "short",
            queries: [[rate("process_cpu_seconds_total", own, ["pod"]), "{{pod}}"]],
          }),
          graph({
            title: "Memory",
            unit: "bytes",
            queries: [
              [`max by (pod) (process_resident_memory_bytes${own})`, "{{pod}}"],
              [`max by (pod) (nodejs_heap_size_used_bytes${own})`, "{{pod}} heap"],
            ],
          }),
        ],
      ],
    ],
  });
}
