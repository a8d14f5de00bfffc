import { type Upstream } from "../model/proxy";
import { type ClientTls, type TrafficSettings } from "../model/traffic";
import { type Json } from "../types";
import { serverName } from "./cluster-name";
import { configSource, type Context } from "./context";
import { compact, extension, filled, type JsonObject } from "./json";

const tlsSocket = "envoy.transport_sockets.tls";
const versions = { tls_minimum_protocol_version: "TLSv1_2", tls_maximum_protocol_version: "TLSv1_3" };
const cipherSuites = [
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "AES256-GCM-SHA384",
  "AES128-GCM-SHA256",
];

/** The workload's own certificate and the authority that it trusts, both from files that are replaced when renewed. */
function meshCertificates(context: Context, names: JsonObject[] | undefined): JsonObject {
  const secret = (name: string): JsonObject => ({ name, sds_config: configSource(context, "sds", name) });
  return {
    tls_certificate_sds_secret_configs: [secret("default")],
    combined_validation_context: {
      default_validation_context: compact({ match_subject_alt_names: names }),
      validation_context_sds_secret_config: secret("ROOTCA"),
    },
  };
}

/** What a callee asks for: a certificate of the mesh, whoever's it is. */
export function toDownstreamTls(context: Context): Json {
  return extension(tlsSocket, "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext", {
    common_tls_context: {
      tls_params: { ...versions, cipher_suites: cipherSuites },
      alpn_protocols: ["h2", "http/1.1"],
      ...meshCertificates(context, [{ prefix: `spiffe://${context.proxy.trustDomain}/` }]),
    },
    require_client_certificate: true,
  });
}

const rawBuffer = extension(
  "envoy.transport_sockets.raw_buffer",
  "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer",
);

/** How a cluster's connections are secured. Without a word in the rule, each endpoint that has a sidecar gets mutual TLS. */
export function toUpstreamTls(
  context: Context,
  upstream: Upstream,
  http2: boolean,
): Record<string, Json | undefined> {
  const { tls } = upstream.traffic;
  if (tls !== undefined)
    return tls.mode === "DISABLE" ? {} : { transport_socket: toSocket(context, upstream, { tls, http2 }) };
  if (!upstream.autoMutualTls) return {};
  const mutual: ClientTls = { mode: "ISTIO_MUTUAL", sni: undefined, subjectAltNames: [] };
  return {
    transport_socket_matches: [
      {
        name: "tlsMode-istio",
        match: { tlsMode: "istio" },
        transport_socket: toSocket(context, upstream, { tls: mutual, http2 }),
      },
      { name: "tlsMode-disabled", match: {}, transport_socket: rawBuffer },
    ],
  };
}

type SocketOptions = { tls: Exclude<ClientTls, { mode: "DISABLE" }>; http2: boolean };

function toSocket(
  context: Context,
  { target, identities }: Upstream,
  { tls, http2 }: SocketOptions,
): JsonObject {
  const names = tls.subjectAltNames.length > 0 || tls.mode === "SIMPLE" ? tls.subjectAltNames : identities;
  const exact = filled(names.map((name): JsonObject => ({ exact: name })));
  const common =
    tls.mode === "ISTIO_MUTUAL"
      ? { alpn_protocols: http2 ? ["istio", "h2"] : ["istio"], ...meshCertificates(context, exact) }
      : { ...(http2 && { alpn_protocols: ["h2"] }), ...publicAuthorities(tls, exact) };
  return extension(tlsSocket, "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", {
    common_tls_context: { tls_params: versions, ...common },
    sni: tls.sni ?? (tls.mode === "ISTIO_MUTUAL" ? serverName(target) : undefined),
  });
}

/** Where the system keeps the authorities that it trusts; Istio's agent looks them up by the same name. */
const systemAuthorities = "/etc/ssl/certs/ca-certificates.crt";

function publicAuthorities(
  tls: Extract<ClientTls, { mode: "SIMPLE" }>,
  match_subject_alt_names: JsonObject[] | undefined,
): JsonObject {
  if (tls.insecureSkipVerify) return {};
  const filename = tls.caCertificates ?? systemAuthorities;
  return { validation_context: compact({ trusted_ca: { filename }, match_subject_alt_names }) };
}

/** For TLS to what is outside the mesh: the name to ask for, and to be answered by, is that of the request. */
export function toAutoNames({ tls }: TrafficSettings): Json | undefined {
  if (tls?.mode !== "SIMPLE" || tls.sni !== undefined) return undefined;
  const validate = tls.subjectAltNames.length === 0 && !tls.insecureSkipVerify;
  return compact({ auto_sni: true, auto_san_validation: validate || undefined });
}
