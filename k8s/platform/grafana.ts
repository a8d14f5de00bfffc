import { Yaml } from "cdk8s";
import { k8s } from "cdk8s-plus-34";
import { type Construct } from "constructs";

import { createDashboards } from "../dashboards/dashboards";
import { sources } from "../dashboards/parts";
import { jaegerName, jaegerPorts } from "./jaeger";
import { addAccount, addDeployment, addService, metadataOf, type Pod, probesOf, resources } from "./pod";
import { prometheusName, prometheusPort } from "./prometheus";
import { scrapeIntervalSeconds } from "./prometheus-config";

export const grafanaName = "grafana";
export const grafanaPort = 3000;
/** Loki is not ours. Where there is one, it is asked here; nowhere else is anything to be changed. */
export const lokiPort = 3100;
const dashboardsName = "grafana-dashboards";
const provisioning = "/etc/grafana/provisioning";
const dashboardsFolder = "/var/lib/grafana-dashboards";

/** A line of a service's log names its trace like this; `$$` is Grafana's way to write `$` in these files. */
const traceOfLogLine = {
  name: "trace",
  matcherRegex: '"trace_id":"([0-9a-f]{32})"',
  url: "$${__value.raw}",
  datasourceUid: sources.jaeger.uid,
};

/** Where Grafana asks: from an exemplar, a log line or a span it leads on to the trace, the logs and the rates. */
export const dataSources = {
  apiVersion: 1,
  datasources: [
    {
      name: "Prometheus",
      ...sources.prometheus,
      access: "proxy",
      url: `http://${prometheusName}:${prometheusPort}`,
      isDefault: true,
      jsonData: {
        httpMethod: "POST",
        timeInterval: `${scrapeIntervalSeconds}s`,
        exemplarTraceIdDestinations: [{ name: "trace_id", datasourceUid: sources.jaeger.uid }],
      },
    },
    {
      name: "Jaeger",
      ...sources.jaeger,
      access: "proxy",
      url: `http://${jaegerName}:${jaegerPorts.query}`,
      jsonData: {
        nodeGraph: { enabled: true },
        tracesToLogsV2: {
          datasourceUid: sources.loki.uid,
          customQuery: true,
          query: '{app="$${__span.tags["service.name"]}"} |= "$${__span.traceId}"',
          spanStartTimeShift: "-5m",
          spanEndTimeShift: "5m",
        },
        tracesToMetrics: {
          datasourceUid: sources.prometheus.uid,
          tags: [{ key: "service.name", value: "service" }],
          queries: [
            {
              name: "Requests",
              query: "sum by (route) (rate(http_server_request_duration_seconds_count{$$__tags}[5m]))",
            },
          ],
        },
      },
    },
    {
      name: "Loki",
      ...sources.loki,
      access: "proxy",
      url: `http://loki:${lokiPort}`,
      jsonData: { derivedFields: [traceOfLogLine] },
    },
  ],
} as const;

const providers = {
  apiVersion: 1,
  providers: [{ name: "symphony", folder: "Symphony", type: "file", options: { path: dashboardsFolder } }],
};

/** Grafana, with data sources and dashboards from files alone: it keeps nothing, and a restart loses nothing. */
export function addGrafana(scope: Construct, { image }: { image: string }): void {
  const files = {
    "datasources.yaml": Yaml.stringify(dataSources),
    "dashboards.yaml": Yaml.stringify(providers),
  };
  const boards = Object.fromEntries(
    [...createDashboards()].map(([name, board]) => [`${name}.json`, JSON.stringify(board)]),
  );
  const metadata = metadataOf(grafanaName);
  addAccount(scope, grafanaName);
  new k8s.KubeConfigMap(scope, "grafana-config", { metadata, data: files });
  new k8s.KubeConfigMap(scope, "grafana-dashboards", {
    metadata: { ...metadata, name: dashboardsName },
    data: boards,
  });
  addService(scope, grafanaName, [{ name: "http", port: grafanaPort }]);
  addDeployment(scope, grafanaName, {
    config: JSON.stringify([files, boards]),
    container: container(image),
    volumes: [
      {
        name: "config",
        configMap: {
          name: grafanaName,
          items: [
            { key: "datasources.yaml", path: "datasources/symphony.yaml" },
            { key: "dashboards.yaml", path: "dashboards/symphony.yaml" },
          ],
        },
      },
      { name: "dashboards", configMap: { name: dashboardsName } },
      { name: "data", emptyDir: {} },
      { name: "tmp", emptyDir: {} },
    ],
  });
}

/** Nobody but a forwarded port reaches it, so it asks nobody for a password, and has no administrator who could be guessed. */
const settings: Record<string, string> = {
  GF_AUTH_ANONYMOUS_ENABLED: "true",
  // Looking around in "Explore" takes an editor; dashboards from files cannot be changed.
  GF_AUTH_ANONYMOUS_ORG_ROLE: "Editor",
  GF_AUTH_DISABLE_LOGIN_FORM: "true",
  GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION: "true",
  GF_ANALYTICS_REPORTING_ENABLED: "false",
  GF_ANALYTICS_CHECK_FOR_UPDATES: "false",
  GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: "false",
  GF_PLUGINS_PREINSTALL_DISABLED: "true",
  GF_PATHS_PROVISIONING: provisioning,
};

function container(image: string): Pod["container"] {
  return {
    image,
    ports: [{ name: "http", containerPort: grafanaPort }],
    env: Object.entries(settings).map(([name, value]) => ({ name, value })),
    ...probesOf({ path: "/api/health", port: grafanaPort }, grafanaPort, 120),
    resources: resources("20m", "128Mi", "512Mi"),
    volumeMounts: [
      { name: "config", mountPath: provisioning, readOnly: true },
      { name: "dashboards", mountPath: dashboardsFolder, readOnly: true },
      { name: "data", mountPath: "/var/lib/grafana" },
      { name: "tmp", mountPath: "/tmp" },
    ],
  };
}
