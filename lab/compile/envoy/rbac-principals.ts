import { type Attribute, type Condition } from "../model/security";
import { toCidr } from "./cidr";
import { type JsonObject } from "./json";
import { escapeRegex, toHeaderPattern, toPattern, toRegex } from "./string-match";

const jwtFilter = "envoy.filters.http.jwt_authn";

/** One of the values, and none of the others. */
export function toPrincipal({ attribute, values, notValues }: Condition): JsonObject[] {
  return [
    ...(values.length === 0 ? [] : [anyOf(attribute, values)]),
    ...(notValues.length === 0 ? [] : [{ not_id: anyOf(attribute, notValues) }]),
  ];
}

/** Claims are compared with all values at once, everything else value by value. */
function anyOf(attribute: Attribute, values: string[]): JsonObject {
  const path = claimPath(attribute);
  if (path !== undefined) return claimList(path, values);
  const ids = values.map((value) => principalFor(attribute, value)).filter((id) => id !== undefined);
  const [single] = ids;
  const isToken = attribute.kind === "request.auth.principal";
  return isToken && ids.length === 1 && single !== undefined ? single : { or_ids: { ids } };
}

function claimPath(attribute: Attribute): string[] | undefined {
  if (attribute.kind === "request.auth.claims") return attribute.path;
  if (attribute.kind === "request.auth.audiences") return ["aud"];
  return attribute.kind === "request.auth.presenter" ? ["azp"] : undefined;
}

const authenticated = (principal_name: JsonObject): JsonObject => ({ authenticated: { principal_name } });

const translate: Partial<Record<Attribute["kind"], (value: string) => JsonObject>> = {
  "source.principal": (value) => authenticated(toPattern(value, "spiffe://")),
  "source.namespace": (value) =>
    authenticated(toRegex(`.*/ns/${value.split("*").map(escapeRegex).join(".*")}/.*`)),
  "source.trustDomain": (value) => authenticated(trustDomainPattern(value)),
  "source.ip": (value) => ({ direct_remote_ip: toCidr(value) }),
  "remote.ip": (value) => ({ remote_ip: toCidr(value) }),
  "request.auth.principal": tokenPrincipal,
};

function principalFor(attribute: Attribute, value: string): JsonObject | undefined {
  if (attribute.kind === "source.serviceAccount")
    return authenticated(toRegex(serviceAccountRegex(value, attribute.namespace)));
  if (attribute.kind === "request.headers") return { header: toHeaderPattern(attribute.name, value) };
  return translate[attribute.kind]?.(value);
}

function serviceAccountRegex(value: string, ownNamespace: string): string {
  const [first = "", second] = value.split("/");
  const [namespace, account] = second === undefined ? [ownNamespace, first] : [first, second];
  return `spiffe://.+/ns/${escapeRegex(namespace)}/(.+/|)sa/${escapeRegex(account)}(/.+)?`;
}

function trustDomainPattern(value: string): JsonObject {
  if (value === "*") return { prefix: "spiffe://" };
  if (!value.includes("*")) return { prefix: `spiffe://${value}/` };
  return toRegex(`spiffe://${value.split("*").map(escapeRegex).join("[^/]*")}/.*`);
}

/** `issuer/subject` of a token; `*` at one end, and the last slash divides, for an issuer may be a URL. */
function tokenPrincipal(value: string): JsonObject {
  const slash = value.lastIndexOf("/");
  const [issuer, subject] = slash < 0 ? [value, ""] : [value.slice(0, slash), value.slice(slash + 1)];
  const any = toRegex(".+");
  const claims = ((): [JsonObject, JsonObject] => {
    if (value === "*") return [any, any];
    if (value.startsWith("*")) {
      if (slash < 0) return [any, { suffix: value.slice(1) }];
      return [issuer === "*" ? any : { suffix: issuer.slice(1) }, { exact: subject }];
    }
    if (value.endsWith("*")) {
      if (slash < 0) return [{ prefix: value.slice(0, -1) }, any];
      return [{ exact: issuer }, subject === "*" ? any : { prefix: subject.slice(0, -1) }];
    }
    return [{ exact: issuer }, { exact: subject }];
  })();
  const [iss, sub] = claims;
  return { and_ids: { ids: [claim(["iss"], { string_match: iss }), claim(["sub"], { string_match: sub })] } };
}

/** A claim is a text or a list of texts; it matches where it is, or holds, one of the values. */
function claimList(path: string[], values: string[]): JsonObject {
  const matchers = values.map((value): JsonObject => ({ string_match: toPattern(value) }));
  const [single] = matchers;
  const value: JsonObject =
    matchers.length === 1 && single !== undefined ? single : { or_match: { value_matchers: matchers } };
  return claim(path, { or_match: { value_matchers: [{ list_match: { one_of: value } }, value] } });
}

function claim(path: string[], value: JsonObject): JsonObject {
  return { metadata: { filter: jwtFilter, path: ["payload", ...path].map((key) => ({ key })), value } };
}
