import { type Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";

import { objectives, slowSeconds } from "../alerts/objectives";
import { dashboard, graph, number, quantile, quantiles, rate, window } from "./parts";

const http = "http_server_request_duration_seconds";
const edge = "gateway_request_duration_seconds";
const newOrders = `{service="order",method="POST"}`;
const fails = `{service="order",status=~"5.."}`;

const targetOf = (name: string): string =>
  `${String(100 * (objectives.find((objective) => objective.name === name)?.target ?? Number.NaN))} %`;

/** The four golden signals of the whole system, as its customers and its services see them. */
export function overview(): Dashboard {
  return dashboard({
    uid: "symphony-overview",
    title: "Symphony: overview",
    description: "Traffic, errors, duration and saturation, from the edge to the services.",
    rows: [
      [
        "Objectives",
        [
          number({
            title: "Requests about orders that did not fail, last hour",
            description: `Promised: ${targetOf("availability")} over thirty days.`,
            unit: "percentunit",
            queries: [["1 - orders:availability:bad_ratio_rate1h", "available"]],
          }),
          number({
            title: `New orders answered within ${slowSeconds} s, last hour`,
            description: `Promised: ${targetOf("latency")} over thirty days.`,
            unit: "percentunit",
            queries: [["1 - orders:latency:bad_ratio_rate1h", "in time"]],
          }),
          number({
            title: "Orders ended per second",
            unit: "ops",
            queries: [[rate("orders_total"), "orders"]],
          }),
          number({
            title: "Alerts that fire",
            description: "docs/runbook.md says what each means.",
            unit: "short",
            queries: [[`count(ALERTS{alertstate="firing"}) or vector(0)`, "alerts"]],
          }),
        ],
      ],
      [
        "Traffic",
        [
          graph({
            title: "Requests at the gateway",
            description: "By the service that they are for.",
            unit: "reqps",
            queries: [[rate("gateway_requests_total", "", ["service"]), "{{service}}"]],
          }),
          graph({
            title: "HTTP requests served",
            unit: "reqps",
            queries: [[rate(`${http}_count`, "", ["service"]), "{{service}}"]],
          }),
          graph({
            title: "gRPC calls served",
            unit: "reqps",
            queries: [[rate("rpc_server_call_duration_seconds_count", "", ["service"]), "{{service}}"]],
          }),
        ],
      ],
      [
        "Errors",
        [
          graph({
            title: "Answers of the gateway that are errors",
            description: "4xx are customers' mistakes and refused payments; 5xx are ours.",
            unit: "reqps",
            queries: [
              [rate("gateway_requests_total", `{status=~"4.."}`), "4xx"],
              [rate("gateway_requests_total", `{status=~"5.."}`), "5xx"],
            ],
          }),
          graph({
            title: "Share of requests about orders that fail",
            unit: "percentunit",
            queries: [
              [
                `(${rate("gateway_requests_total", fails)}) / sum(rate(gateway_requests_total{service="order"}[${window}]))`,
                "failed",
              ],
            ],
          }),
          graph({
            title: "Events given up",
            description: "Each lies in the dead-letter stream.",
            unit: "short",
            queries: [["max by (service) (dead_letters_stored)", "{{service}}"]],
          }),
        ],
      ],
      [
        "Duration",
        [
          graph({
            title: "Duration of new orders",
            description: "At the gateway. Points are requests whose trace was recorded.",
            unit: "s",
            exemplars: true,
            queries: quantiles(edge, newOrders),
          }),
          graph({
            title: "Duration at the gateway, 99 of 100 requests",
            unit: "s",
            exemplars: true,
            queries: [[quantile(0.99, edge, "", ["service"]), "{{service}}"]],
          }),
          graph({
            title: "Duration in the services, 99 of 100 requests",
            unit: "s",
            exemplars: true,
            queries: [[quantile(0.99, http, "", ["service"]), "{{service}}"]],
          }),
        ],
      ],
      [
        "Saturation",
        [
          graph({
            title: "Event loop behind",
            description: "99 of 100 turns are late by less.",
            unit: "s",
            queries: [["max by (service) (nodejs_eventloop_lag_p99_seconds)", "{{service}}"]],
          }),
          graph({
            title: "Cores in use",
            unit: "short",
            queries: [
              [
                `sum by (service) (rate(process_cpu_seconds_total{namespace="symphony"}[${window}]))`,
                "{{service}}",
              ],
            ],
          }),
          graph({
            title: "Callers that wait for a database connection",
            unit: "short",
            queries: [["sum by (service) (db_client_connection_pending_requests)", "{{service}}"]],
          }),
        ],
      ],
    ],
  });
}
