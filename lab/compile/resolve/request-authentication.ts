import { type Identity } from "../model/common";
import { type JwtRule, type RequestAuthentication } from "../model/security";
import { type Field } from "../source/field";
import { checkPort, findService, type Registry } from "./registry";
import { readSelector } from "./selector";

/** Reads a RequestAuthentication: whose tokens are genuine. */
export function readRequestAuthentication(
  identity: Identity,
  spec: Field,
  registry: Registry,
): RequestAuthentication {
  return {
    ...identity,
    selector: readSelector(spec),
    rules: spec.list("jwtRules").map((rule) => readJwtRule(rule, registry)),
  };
}

function readJwtRule(field: Field, registry: Registry): JwtRule {
  if (!field.has("issuer")) field.refuse("issuer is missing");
  return {
    issuer: field.text("issuer") ?? "",
    audiences: field.texts("audiences"),
    keys: readKeys(field, registry),
    forwardOriginalToken: field.flag("forwardOriginalToken") ?? false,
    payloadToHeader: field.text("outputPayloadToHeader"),
    claimsToHeaders: field
      .list("outputClaimToHeaders")
      .map((item) => ({ header: item.text("header") ?? "", claim: item.text("claim") ?? "" })),
    fromHeaders: field
      .list("fromHeaders")
      .map((item) => ({ name: item.text("name") ?? "", prefix: item.text("prefix") })),
    fromParams: field.texts("fromParams"),
    fromCookies: field.texts("fromCookies"),
    timeout: field.duration("timeout") ?? "5s",
  };
}

/** Envoy fetches the keys itself, through the mesh: PILOT_JWT_ENABLE_REMOTE_JWKS of k8s/istio-values.yaml. */
function readKeys(field: Field, registry: Registry): JwtRule["keys"] {
  const inline = field.text("jwks");
  const uri = field.text("jwksUri");
  if (inline !== undefined) {
    if (uri !== undefined) field.refuse("give one of jwks and jwksUri");
    if (!isKeySet(inline)) field.get("jwks")?.refuse('no JSON Web Key Set: {"keys": [...]}');
    return { inline };
  }
  if (uri === undefined) {
    field.refuse(
      "give jwks or jwksUri; finding the keys by the issuer is not supported by the mesh on a laptop",
    );
    return { inline: "" };
  }
  return readUri(uri, field.get("jwksUri") ?? field, registry);
}

function readUri(uri: string, field: Field, registry: Registry): JwtRule["keys"] {
  if (!URL.canParse(uri) || !/^https?:/.test(uri)) {
    field.refuse("no URL: http://service.namespace.svc.cluster.local:port/path");
    return { inline: "" };
  }
  const { hostname, protocol, port } = new URL(uri);
  const number = port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
  const service = findService(registry, hostname, field);
  if (service !== undefined) checkPort(service, number, field);
  return { uri, host: hostname, port: number };
}

function isKeySet(text: string): boolean {
  try {
    const parsed: unknown = JSON.parse(text);
    return (
      typeof parsed === "object" && parsed !== null && Array.isArray((parsed as { keys?: unknown }).keys)
    );
  } catch {
    return false;
  }
}
