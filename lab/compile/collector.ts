import { type Address, type MeshService, type Workload } from "./types";

const namespace = "symphony-platform";
const labels = { "app.kubernetes.io/name": "otel-collector" };
const port = 4318;

/** Who collects spans, by the name that k8s/istio-values.yaml gives it; without a sidecar, at `address`. */
export function collectorAt(address: Address): { service: MeshService; workload: Workload } {
  return {
    service: {
      host: `otel-collector.${namespace}.svc.cluster.local`,
      namespace,
      ports: [{ number: port, name: "http-otlp", protocol: "http" }],
      selector: labels,
      meshed: false,
    },
    workload: {
      name: "otel-collector",
      namespace,
      serviceAccount: "otel-collector",
      kind: "sidecar",
      labels,
      inbound: [{ port, listen: address, application: address }],
      outbound: [],
    },
  };
}
