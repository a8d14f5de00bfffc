import { type Json, type ProxyConfig, type Workload } from "../../lab/compile/types";
import { type MeshLayout } from "../../lab/mesh/layout";

type Ports = { callerOut: number; calleeIn: number; application: number };

/** Two workloads of a mesh made by hand: what is tested is how Envoy is run, not what is compiled. */
export const workload = (name: string, listen: Ports): Workload => ({
  name,
  namespace: "symphony",
  serviceAccount: name,
  kind: "sidecar",
  labels: { "app.kubernetes.io/name": name },
  inbound:
    name === "callee"
      ? [{ port: 8080, listen: at(listen.calleeIn), application: at(listen.application) }]
      : [],
  outbound:
    name === "caller"
      ? [{ host: "callee.symphony.svc.cluster.local", port: 8080, listen: at(listen.callerOut) }]
      : [],
});

const at = (port: number) => ({ host: "127.0.0.1", port });
const type = (name: string) => ({ "@type": `type.googleapis.com/envoy.${name}` });
const socket = (port: number): Json => ({ socket_address: { address: "127.0.0.1", port_value: port } });

function tls(layout: MeshLayout, proxy: string, peer?: string): { [key: string]: Json } {
  const secret = (name: "default" | "ROOTCA"): Json => ({
    name,
    sds_config: { resource_api_version: "V3", path_config_source: { path: layout.path(proxy, "sds", name) } },
  });
  const match: Json =
    peer === undefined
      ? {}
      : {
          match_typed_subject_alt_names: [
            { san_type: "URI", matcher: { exact: `spiffe://cluster.local/ns/symphony/sa/${peer}` } },
          ],
        };
  return {
    common_tls_context: {
      alpn_protocols: ["http/1.1"],
      tls_certificate_sds_secret_configs: [secret("default")],
      combined_validation_context: {
        default_validation_context: match,
        validation_context_sds_secret_config: secret("ROOTCA"),
      },
    },
  };
}

function connectionManager(prefix: string, routes: { [key: string]: Json }): Json {
  return {
    name: "envoy.filters.network.http_connection_manager",
    typed_config: {
      ...type("extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"),
      stat_prefix: prefix,
      ...routes,
      http_filters: [
        {
          name: "envoy.filters.http.router",
          typed_config: type("extensions.filters.http.router.v3.Router"),
        },
      ],
    },
  };
}

export const routeName = "callee.symphony.svc.cluster.local:8080";

/** The caller's sidecar: one route to the callee, that answers with `header` beside. */
export function callerConfig(
  layout: MeshLayout,
  ports: Ports,
  header: string,
  identity = "callee",
): ProxyConfig {
  return {
    listeners: [
      {
        ...type("config.listener.v3.Listener"),
        name: "outbound",
        address: socket(ports.callerOut),
        filter_chains: [
          {
            filters: [
              connectionManager("outbound_0.0.0.0_8080;", {
                rds: {
                  route_config_name: routeName,
                  config_source: {
                    resource_api_version: "V3",
                    path_config_source: { path: layout.path("caller", "rds", routeName) },
                  },
                },
              }),
            ],
          },
        ],
      },
    ],
    clusters: [
      {
        ...type("config.cluster.v3.Cluster"),
        name: "callee",
        type: "EDS",
        eds_cluster_config: { eds_config: { resource_api_version: "V3", ads: {} } },
        connect_timeout: "1s",
        transport_socket: {
          name: "envoy.transport_sockets.tls",
          typed_config: {
            ...type("extensions.transport_sockets.tls.v3.UpstreamTlsContext"),
            ...tls(layout, "caller", identity),
          },
        },
      },
    ],
    routes: {
      [routeName]: {
        ...type("config.route.v3.RouteConfiguration"),
        name: routeName,
        virtual_hosts: [
          {
            name: "callee",
            domains: ["*"],
            routes: [{ match: { prefix: "/" }, route: { cluster: "callee" } }],
          },
        ],
        response_headers_to_add: [{ header: { key: "x-version", value: header } }],
      },
    },
    endpoints: {
      callee: {
        ...type("config.endpoint.v3.ClusterLoadAssignment"),
        cluster_name: "callee",
        endpoints: [{ lb_endpoints: [{ endpoint: { address: socket(ports.calleeIn) } }] }],
      },
    },
    origins: [],
  };
}

/** The callee's sidecar: mutual TLS in front of the application. */
export function calleeConfig(layout: MeshLayout, ports: Ports): ProxyConfig {
  return {
    listeners: [
      {
        ...type("config.listener.v3.Listener"),
        name: "inbound",
        address: socket(ports.calleeIn),
        filter_chains: [
          {
            filters: [
              connectionManager("inbound_0.0.0.0_8080;", {
                route_config: {
                  name: "inbound",
                  virtual_hosts: [
                    {
                      name: "all",
                      domains: ["*"],
                      routes: [{ match: { prefix: "/" }, route: { cluster: "inbound|8080||" } }],
                    },
                  ],
                },
              }),
            ],
            transport_socket: {
              name: "envoy.transport_sockets.tls",
              typed_config: {
                ...type("extensions.transport_sockets.tls.v3.DownstreamTlsContext"),
                ...tls(layout, "callee"),
                require_client_certificate: true,
              },
            },
          },
        ],
      },
    ],
    clusters: [
      {
        ...type("config.cluster.v3.Cluster"),
        name: "inbound|8080||",
        type: "STATIC",
        load_assignment: {
          cluster_name: "inbound|8080||",
          endpoints: [{ lb_endpoints: [{ endpoint: { address: socket(ports.application) } }] }],
        },
      },
    ],
    routes: {},
    endpoints: {},
    origins: [],
  };
}
