import { type Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";

import { dashboard, graph, number, quantile, quantiles, rate, window } from "./parts";

const duration = "saga_duration_seconds";

/** Orders from acceptance to their end, in each pattern. */
export function saga(): Dashboard {
  return dashboard({
    uid: "symphony-saga",
    title: "Symphony: saga",
    description: "How orders end, how long that takes, and what is undone.",
    rows: [
      [
        "Now",
        [
          number({
            title: "Orders under way",
            unit: "short",
            queries: [["max by (state) (sagas_by_state)", "{{state}}"]],
            width: 12,
          }),
          number({
            title: "Stuck in their compensation",
            description: "Each needs a person: docs/runbook.md#sagastuck.",
            unit: "short",
            queries: [["max(saga_stuck)", "stuck"]],
          }),
          number({
            title: "Confirmed of those that ended, last hour",
            description: "A refused payment ends an order too.",
            unit: "percentunit",
            queries: [
              [
                `sum(increase(orders_total{outcome="confirmed"}[1h])) / sum(increase(orders_total[1h]))`,
                "confirmed",
              ],
            ],
          }),
        ],
      ],
      [
        "Ends",
        [
          graph({
            title: "Orders by outcome",
            unit: "ops",
            queries: [[rate("orders_total", "", ["outcome"]), "{{outcome}}"]],
          }),
          graph({
            title: "Orders by pattern",
            unit: "ops",
            queries: [[rate("orders_total", "", ["pattern"]), "{{pattern}}"]],
          }),
          graph({
            title: "Steps undone",
            unit: "ops",
            queries: [[rate("compensations_total", "", ["step"]), "{{step}}"]],
          }),
        ],
      ],
      [
        "Duration",
        [
          graph({
            title: "From acceptance to the end",
            description: "Points are orders whose trace was recorded.",
            unit: "s",
            exemplars: true,
            queries: quantiles(duration),
          }),
          graph({
            title: "Half of the orders, by pattern",
            unit: "s",
            exemplars: true,
            queries: [[quantile(0.5, duration, "", ["pattern"]), "{{pattern}}"]],
          }),
          graph({
            title: "95 of 100 orders, by outcome",
            unit: "s",
            exemplars: true,
            queries: [[quantile(0.95, duration, "", ["outcome"]), "{{outcome}}"]],
          }),
        ],
      ],
      [
        "Steps",
        [
          graph({
            title: "Steps over REST: duration, 95 of 100",
            unit: "s",
            exemplars: true,
            queries: [
              [
                quantile(
                  0.95,
                  "http_server_request_duration_seconds",
                  `{method="POST",service=~"inventory|payment|shipping"}`,
                  ["service"],
                ),
                "{{service}}",
              ],
            ],
          }),
          graph({
            title: "Steps over gRPC: duration, 95 of 100",
            unit: "s",
            exemplars: true,
            queries: [[quantile(0.95, "rpc_server_call_duration_seconds", "", ["service"]), "{{service}}"]],
          }),
          graph({
            title: "Steps over events: duration, 95 of 100",
            unit: "s",
            exemplars: true,
            queries: [
              [
                quantile(
                  0.95,
                  "event_handling_duration_seconds",
                  `{service=~"order|inventory|payment|shipping"}`,
                  ["service"],
                ),
                "{{service}}",
              ],
            ],
          }),
        ],
      ],
      [
        "Open orders",
        [
          graph({
            title: "Orders under way",
            unit: "short",
            width: 12,
            queries: [["max by (state) (sagas_by_state)", "{{state}}"]],
          }),
          graph({
            title: "Orders accepted and ended",
            description: "Two lines that part are a backlog.",
            unit: "ops",
            width: 12,
            queries: [
              [
                `sum(rate(gateway_requests_total{service="order",method="POST",status=~"2.."}[${window}]))`,
                "accepted",
              ],
              [rate("orders_total"), "ended"],
            ],
          }),
        ],
      ],
    ],
  });
}
