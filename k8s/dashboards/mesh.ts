import { type Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";

import { dashboard, graph, number, rate, window } from "./parts";

/** Clusters of Envoy that lead to a service of ours, at any of its ports. */
const outbound = `{cluster_name=~"outbound.*symphony.svc.*",callee!=""}`;
const answered = `{cluster_name=~"outbound.*symphony.svc.*",response_code_class!=""}`;
const failed = `{cluster_name=~"outbound.*symphony.svc.*",response_code_class="5xx"}`;
const pair = ["app", "callee"];
const from = "{{app}} → {{callee}}";

const cluster = (name: string, by = pair): string => rate(`envoy_cluster_${name}`, outbound, by);

/** What the sidecars do: retries, breakers, refusals, faults, certificates. From Envoy's own statistics. */
export function mesh(): Dashboard {
  return dashboard({
    uid: "symphony-mesh",
    title: "Symphony: mesh",
    description: "The sidecars' decisions on the way from caller to callee.",
    rows: [
      [
        "Now",
        [
          number({
            title: "Hosts ejected",
            unit: "short",
            queries: [[`sum(envoy_cluster_outlier_detection_ejections_active${outbound})`, "ejected"]],
          }),
          number({
            title: "Breakers of the gateway",
            description: "0 closed, 1 half-open, 2 open.",
            unit: "short",
            queries: [["max(circuit_breaker_state)", "worst"]],
          }),
          number({
            title: "Retries per second",
            unit: "ops",
            queries: [[rate("envoy_cluster_upstream_rq_retry", outbound), "retries"]],
          }),
          number({
            title: "First certificate to end",
            unit: "s",
            queries: [["min(istio_agent_cert_expiry_seconds)", "left"]],
          }),
        ],
      ],
      [
        "Requests",
        [
          graph({
            title: "From caller to callee",
            unit: "reqps",
            queries: [[rate("envoy_cluster_upstream_rq", answered, pair), from]],
          }),
          graph({
            title: "Share of 5xx, by callee",
            unit: "percentunit",
            queries: [
              [
                `(sum by (callee) (rate(envoy_cluster_upstream_rq${failed}[${window}])) or ` +
                  `0 * sum by (callee) (rate(envoy_cluster_upstream_rq${answered}[${window}]))) / ` +
                  `sum by (callee) (rate(envoy_cluster_upstream_rq${answered}[${window}]))`,
                "{{callee}}",
              ],
            ],
          }),
          graph({
            title: "Under way",
            unit: "short",
            queries: [[`sum by (app, callee) (envoy_cluster_upstream_rq_active${outbound})`, from]],
          }),
        ],
      ],
      [
        "Retries and timeouts",
        [
          graph({
            title: "Retries",
            unit: "ops",
            queries: [[cluster("upstream_rq_retry"), from]],
          }),
          graph({
            title: "What retries came to",
            description: "Refused: over the retry budget.",
            unit: "ops",
            queries: [
              [rate("envoy_cluster_upstream_rq_retry_success", outbound), "succeeded"],
              [rate("envoy_cluster_upstream_rq_retry_overflow", outbound), "refused"],
            ],
          }),
          graph({
            title: "Timeouts",
            unit: "ops",
            queries: [
              [rate("envoy_cluster_upstream_rq_timeout", outbound), "whole request"],
              [rate("envoy_cluster_upstream_rq_per_try_timeout", outbound), "one try"],
            ],
          }),
        ],
      ],
      [
        "Breakers",
        [
          graph({
            title: "Hosts ejected",
            unit: "short",
            queries: [
              [`sum by (app, callee) (envoy_cluster_outlier_detection_ejections_active${outbound})`, from],
            ],
          }),
          graph({
            title: "Healthy hosts of all",
            unit: "percentunit",
            queries: [
              [
                `min by (callee) (envoy_cluster_membership_healthy${outbound} / ` +
                  `(envoy_cluster_membership_total${outbound} > 0))`,
                "{{callee}}",
              ],
            ],
          }),
          graph({
            title: "Refused at once, connections that failed",
            unit: "ops",
            queries: [
              [rate("envoy_cluster_upstream_rq_pending_overflow", outbound), "too many wait"],
              [rate("envoy_cluster_upstream_cx_connect_fail", outbound), "not connected"],
            ],
          }),
        ],
      ],
      [
        "Policies and faults",
        [
          graph({
            title: "Refused by an AuthorizationPolicy",
            unit: "reqps",
            queries: [
              [`sum by (app) (rate(envoy_http_rbac{authz_enforce_result="denied"}[${window}]))`, "{{app}}"],
            ],
          }),
          graph({
            title: "Faults injected",
            description: "mesh/faults; at the callee's sidecar.",
            unit: "ops",
            queries: [
              [rate("envoy_http_fault_aborts_injected"), "aborts"],
              [rate("envoy_http_fault_delays_injected"), "delays"],
            ],
          }),
          graph({
            title: "Requests at the sidecars' own doors",
            unit: "reqps",
            queries: [
              [
                rate("envoy_http_downstream_rq", `{http_conn_manager_prefix=~"inbound.*"}`, [
                  "response_code_class",
                ]),
                "{{response_code_class}}",
              ],
            ],
          }),
        ],
      ],
      [
        "Sidecars",
        [
          graph({
            title: "Time until the certificate ends",
            unit: "s",
            queries: [["min by (namespace, app) (istio_agent_cert_expiry_seconds)", "{{app}}"]],
          }),
          graph({
            title: "Memory",
            unit: "bytes",
            queries: [["sum by (app) (envoy_server_memory_allocated)", "{{app}}"]],
          }),
          graph({
            title: "Connections to other services",
            unit: "short",
            queries: [[`sum by (app) (envoy_cluster_upstream_cx_active${outbound})`, "{{app}}"]],
          }),
        ],
      ],
    ],
  });
}
