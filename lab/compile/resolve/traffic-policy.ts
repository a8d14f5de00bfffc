import {
  type ClientTls,
  type ConnectionPool,
  type OutlierDetection,
  type RetryBudget,
  type TrafficPolicy,
  type TrafficSettings,
} from "../model/traffic";
import { type Field } from "../source/field";
import { readLoadBalancer } from "./load-balancer";

const counts: [number, number] = [0, 2 ** 31 - 1];

/** `trafficPolicy` of a DestinationRule or of one of its subsets. */
export function readTrafficPolicy(field: Field | undefined): TrafficPolicy | undefined {
  if (field === undefined) return undefined;
  if (field.keys().length === 0) field.refuse("an empty traffic policy");
  const ports = field.list("portLevelSettings").flatMap((item): [number, TrafficSettings][] => {
    const port = item.get("port")?.within("number", [1, 65535]);
    if (port === undefined) item.refuse("port.number is missing");
    return port === undefined ? [] : [[port, readSettings(item)]];
  });
  return { ...readSettings(field), ports: new Map(ports) };
}

function readSettings(field: Field): TrafficSettings {
  return {
    connectionPool: readConnectionPool(field.get("connectionPool")),
    outlierDetection: readOutlierDetection(field.get("outlierDetection")),
    loadBalancer: readLoadBalancer(field.get("loadBalancer")),
    tls: readTls(field.get("tls")),
    retryBudget: readRetryBudget(field.get("retryBudget")),
  };
}

/** Zero means the default wherever Istio takes a number of connections or requests. */
const limit = (field: Field | undefined, name: string): number | undefined =>
  field?.within(name, counts) || undefined;

function readConnectionPool(field: Field | undefined): ConnectionPool | undefined {
  if (field === undefined) return undefined;
  const tcp = field.get("tcp");
  const http = field.get("http");
  if (tcp === undefined && http === undefined) field.refuse("give tcp, http or both");
  return {
    maxConnections: limit(tcp, "maxConnections"),
    connectTimeout: tcp?.duration("connectTimeout"),
    tcpIdleTimeout: tcp?.duration("idleTimeout", 0),
    maxConnectionDuration: tcp?.duration("maxConnectionDuration"),
    tcpKeepalive: readTcpKeepalive(tcp?.get("tcpKeepalive")),
    maxPendingRequests: limit(http, "http1MaxPendingRequests"),
    maxRequests: limit(http, "http2MaxRequests"),
    maxRetries: limit(http, "maxRetries"),
    maxRequestsPerConnection: limit(http, "maxRequestsPerConnection"),
    maxConcurrentStreams: limit(http, "maxConcurrentStreams"),
    idleTimeout: http?.duration("idleTimeout"),
    http2Keepalive: readHttp2Keepalive(http?.get("http2KeepAlive")),
    protocol: readProtocol(http),
  };
}

const seconds = (duration: string | undefined): number | undefined =>
  duration === undefined ? undefined : Math.floor(Number.parseFloat(duration));

function readTcpKeepalive(field: Field | undefined): ConnectionPool["tcpKeepalive"] {
  if (field === undefined) return undefined;
  const probes = field.within("probes", counts);
  const time = seconds(field.duration("time"));
  const interval = seconds(field.duration("interval"));
  return {
    ...(probes !== undefined && { probes }),
    ...(time !== undefined && { time }),
    ...(interval !== undefined && { interval }),
  };
}

function readHttp2Keepalive(field: Field | undefined): ConnectionPool["http2Keepalive"] {
  if (field === undefined) return undefined;
  const interval = field.duration("interval");
  const timeout = field.duration("timeout");
  if (interval !== undefined && timeout !== undefined) return { interval, timeout };
  field.refuse("interval and timeout are both needed");
  return undefined;
}

function readProtocol(http: Field | undefined): ConnectionPool["protocol"] {
  const upgrade = http?.text("h2UpgradePolicy") === "UPGRADE";
  const asClient = http?.flag("useClientProtocol") === true;
  if (upgrade && asClient) http.refuse("useClientProtocol and h2UpgradePolicy: UPGRADE exclude each other");
  return asClient ? "as-client" : upgrade ? "http2" : "as-named";
}

function readOutlierDetection(field: Field | undefined): OutlierDetection | undefined {
  if (field === undefined) return undefined;
  const split = field.flag("splitExternalLocalOriginErrors") ?? false;
  const local = field.within("consecutiveLocalOriginFailures", counts);
  if (!split && (local ?? 0) > 0)
    field
      .get("consecutiveLocalOriginFailures")
      ?.refuse("has no effect without splitExternalLocalOriginErrors: true beside it");
  return {
    consecutive5xx: field.within("consecutive5xxErrors", counts),
    consecutiveGatewayErrors: field.within("consecutiveGatewayErrors", counts),
    localOrigin: split ? { consecutive: local } : undefined,
    interval: field.duration("interval"),
    baseEjectionTime: field.duration("baseEjectionTime"),
    maxEjectionPercent: field.within("maxEjectionPercent", [0, 100]) || undefined,
    minHealthPercent: field.within("minHealthPercent", [0, 100]) ?? 0,
  };
}

function readRetryBudget(field: Field | undefined): RetryBudget | undefined {
  if (field === undefined) return undefined;
  return {
    percent: field.within("percent", [0, 100]) ?? 20,
    minRetryConcurrency: limit(field, "minRetryConcurrency") ?? 3,
    interval: field.duration("budgetInterval"),
  };
}

function readTls(field: Field | undefined): ClientTls | undefined {
  if (field === undefined) return undefined;
  const mode = field.text("mode") ?? "DISABLE";
  const names = { sni: field.text("sni"), subjectAltNames: field.texts("subjectAltNames") };
  switch (mode) {
    case "DISABLE":
      return { mode };
    case "ISTIO_MUTUAL":
      return { mode, ...names };
    case "SIMPLE":
      return {
        mode,
        ...names,
        caCertificates: field.text("caCertificates"),
        insecureSkipVerify: field.flag("insecureSkipVerify") ?? false,
      };
    default:
      field
        .get("mode")
        ?.refuse(`${mode} is not supported by the mesh on a laptop; allowed: DISABLE, SIMPLE, ISTIO_MUTUAL`);
      return undefined;
  }
}
