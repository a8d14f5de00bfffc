import { Yaml } from "cdk8s";
import { k8s } from "cdk8s-plus-34";
import { type Construct } from "constructs";

import {
  addAccount,
  addDeployment,
  addService,
  metadataOf,
  type Pod,
  probesOf,
  resources,
  selectorOf,
} from "./pod";

export const jaegerName = "jaeger";
/** Where spans go. The name outlives what stands behind it: istio-values.yaml and the chart point here. */
export const collectorName = "otel-collector";
export const jaegerPorts = { otlp: 4318, query: 16686 } as const;
const healthPort = 13133;
const everywhere = (port: number): string => `0.0.0.0:${port}`;

/** Jaeger 2 is an OpenTelemetry Collector: what comes in by OTLP is kept in memory, the oldest traces make room. */
export const jaegerConfig = {
  service: {
    extensions: ["healthcheckv2", "jaeger_storage", "jaeger_query"],
    pipelines: {
      traces: {
        receivers: ["otlp"],
        processors: ["memory_limiter", "batch"],
        exporters: ["jaeger_storage_exporter"],
      },
    },
    telemetry: { metrics: { level: "none" }, logs: { level: "warn" } },
  },
  extensions: {
    healthcheckv2: { use_v2: true, http: { endpoint: everywhere(healthPort) } },
    jaeger_storage: { backends: { memory: { memory: { max_traces: 3_000 } } } },
    jaeger_query: {
      storage: { traces: "memory" },
      http: { endpoint: everywhere(jaegerPorts.query) },
      // Nobody asks by gRPC.
      grpc: { endpoint: "127.0.0.1:16685" },
    },
  },
  receivers: {
    // Services and sidecars send by HTTP, nobody by gRPC.
    otlp: { protocols: { http: { endpoint: everywhere(jaegerPorts.otlp) } } },
  },
  processors: {
    // Refuses spans rather than being killed with all that it keeps; senders drop what is refused.
    memory_limiter: { check_interval: "1s", limit_percentage: 85, spike_limit_percentage: 15 },
    batch: {},
  },
  exporters: { jaeger_storage_exporter: { trace_storage: "memory" } },
} as const;

/** Jaeger, as the collector that services and sidecars send to, and as the place where traces are looked at. */
export function addJaeger(scope: Construct, { image }: { image: string }): void {
  const config = Yaml.stringify(jaegerConfig);
  const metadata = metadataOf(jaegerName);
  addAccount(scope, jaegerName);
  new k8s.KubeConfigMap(scope, "jaeger-config", { metadata, data: { "jaeger.yaml": config } });
  new k8s.KubeService(scope, "jaeger-collector", {
    metadata: { ...metadata, name: collectorName },
    spec: {
      selector: selectorOf(jaegerName),
      ports: [{ name: "http-otlp", port: jaegerPorts.otlp }],
    },
  });
  addService(scope, jaegerName, [{ name: "http-query", port: jaegerPorts.query }]);
  addDeployment(scope, jaegerName, {
    config,
    container: container(image),
    volumes: [{ name: "config", configMap: { name: jaegerName } }],
  });
}

function container(image: string): Pod["container"] {
  return {
    image,
    args: ["--config=/etc/jaeger/jaeger.yaml"],
    env: [{ name: "GOMEMLIMIT", value: "400MiB" }],
    ports: [
      { name: "http-otlp", containerPort: jaegerPorts.otlp },
      { name: "http-query", containerPort: jaegerPorts.query },
    ],
    ...probesOf({ path: "/status", port: healthPort }, jaegerPorts.otlp),
    resources: resources("20m", "96Mi", "512Mi"),
    volumeMounts: [{ name: "config", mountPath: "/etc/jaeger", readOnly: true }],
  };
}
