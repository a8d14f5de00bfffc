import { envoyMetrics } from "./envoy-metrics";
import { platformNamespace, servicesNamespace } from "./pod";

/** Istio's own namespace: istiod tells the age of the root certificate, the ingress gateway that it is there. */
export const istioNamespace = "istio-system";
/** Pods of these namespaces are scraped. */
export const scrapedNamespaces = [servicesNamespace, platformNamespace, istioNamespace];
export const scrapeIntervalSeconds = 10;

export type Relabeling = {
  source_labels?: string[];
  separator?: string;
  regex?: string;
  target_label?: string;
  replacement?: string;
  action?: "keep" | "drop" | "replace" | "labeldrop";
};

/** `app` and not `service`: in the gateway's own metrics `service` is the one that a request was for. */
const targets: Relabeling[] = [
  {
    source_labels: ["__meta_kubernetes_pod_annotation_prometheus_io_scrape"],
    regex: "true",
    action: "keep",
  },
  { source_labels: ["__meta_kubernetes_pod_phase"], regex: "Running", action: "keep" },
  // Each container and port of a pod is found; of all of them one stays, as they get the same address.
  {
    source_labels: ["__meta_kubernetes_pod_ip", "__meta_kubernetes_pod_annotation_prometheus_io_port"],
    separator: ":",
    regex: "(.+:\\d+)",
    target_label: "__address__",
  },
  {
    source_labels: ["__meta_kubernetes_pod_annotation_prometheus_io_path"],
    regex: "(.+)",
    target_label: "__metrics_path__",
  },
  { source_labels: ["__meta_kubernetes_namespace"], target_label: "namespace" },
  { source_labels: ["__meta_kubernetes_pod_name"], target_label: "pod" },
  {
    source_labels: ["__meta_kubernetes_pod_label_app_kubernetes_io_name", "__meta_kubernetes_pod_label_app"],
    separator: ";",
    // istiod has no other label than `app`.
    regex: "([^;]+);.*|;(.+)",
    replacement: "$1$2",
    target_label: "app",
  },
  // Istio's other pods have nothing that is looked at.
  {
    source_labels: ["namespace", "app"],
    separator: "/",
    regex: `(${servicesNamespace}|${platformNamespace})/.*|${istioNamespace}/(istiod|istio-ingressgateway)`,
    action: "keep",
  },
  { source_labels: ["__meta_kubernetes_pod_label_symphony_dev_track"], target_label: "track" },
];

const domain = "svc\\.cluster\\.local";

/** What a sidecar says about itself and about hosts that are not ours is ten times what is looked at. */
const samples: Relabeling[] = [
  {
    source_labels: ["__name__"],
    regex: envoyMetrics
      .map(({ name }) => (name.startsWith("envoy_") ? `${name}(_bucket|_sum|_count)?` : name))
      .join("|"),
    target_label: "__tmp_listed",
    replacement: "yes",
  },
  {
    source_labels: ["__tmp_listed", "__name__"],
    separator: ";",
    regex: ";(envoy|istio|pilot|citadel|galley|go|grpc)_.*",
    action: "drop",
  },
  { regex: "__tmp_listed", action: "labeldrop" },
  {
    source_labels: ["cluster_name"],
    regex: `|inbound\\|.*|outbound\\|\\d+\\|[^|]*\\|[^.]+\\.(${servicesNamespace}|${platformNamespace})\\.${domain};?`,
    action: "keep",
  },
  {
    source_labels: ["cluster_name"],
    regex: `outbound\\|\\d+\\|[^|]*\\|([^.]+)\\..*`,
    target_label: "callee",
  },
];

/** Prometheus' own configuration. */
export const prometheusConfig = {
  global: {
    scrape_interval: `${scrapeIntervalSeconds}s`,
    scrape_timeout: "5s",
    evaluation_interval: `${scrapeIntervalSeconds}s`,
  },
  rule_files: ["/etc/prometheus/rules.yaml"],
  scrape_configs: [
    {
      job_name: "pods",
      kubernetes_sd_configs: [{ role: "pod", namespaces: { names: scrapedNamespaces } }],
      relabel_configs: targets,
      metric_relabel_configs: samples,
      // A pod whose labels run wild must not take all others down with it.
      sample_limit: 20_000,
    },
  ],
};
