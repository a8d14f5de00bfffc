import { type Identity } from "../model/common";
import {
  type Attribute,
  type AuthorizationPolicy,
  type AuthorizationRule,
  type Condition,
} from "../model/security";
import { type Field } from "../source/field";
import { checkValues, parseAttribute } from "./attributes";
import { readSelector } from "./selector";

type Part = { name: string; attribute: (namespace: string) => Attribute };
const plain =
  (kind: Exclude<Attribute["kind"], "source.serviceAccount" | "request.headers" | "request.auth.claims">) =>
  (): Attribute => ({ kind });

/** Fields of `from[].source`, in the order in which Envoy evaluates them. */
const sourceParts: Part[] = [
  { name: "principals", attribute: plain("source.principal") },
  { name: "requestPrincipals", attribute: plain("request.auth.principal") },
  { name: "serviceAccounts", attribute: (namespace) => ({ kind: "source.serviceAccount", namespace }) },
  { name: "trustDomains", attribute: plain("source.trustDomain") },
  { name: "namespaces", attribute: plain("source.namespace") },
  { name: "remoteIpBlocks", attribute: plain("remote.ip") },
  { name: "ipBlocks", attribute: plain("source.ip") },
];

/** Fields of `to[].operation`, in the order in which Envoy evaluates them. */
const operationParts: Part[] = [
  { name: "hosts", attribute: plain("host") },
  { name: "methods", attribute: plain("method") },
  { name: "paths", attribute: plain("path") },
  { name: "ports", attribute: plain("destination.port") },
];

/** Reads an AuthorizationPolicy: who may do what. */
export function readAuthorizationPolicy(
  identity: Identity,
  spec: Field,
  metadata: Field,
): AuthorizationPolicy {
  const action = spec.text("action") ?? "ALLOW";
  if (action !== "ALLOW" && action !== "DENY")
    spec.get("action")?.refuse(`${action} is not supported by the mesh on a laptop; allowed: ALLOW, DENY`);
  if (action === "DENY" && !spec.has("rules"))
    spec.refuse("DENY without rules never refuses; a rule {} refuses all");
  return {
    ...identity,
    selector: readSelector(spec),
    action: action === "DENY" ? "DENY" : "ALLOW",
    dryRun: metadata.get("annotations")?.text("istio.io/dry-run") === "true",
    rules: spec.list("rules").map((rule) => readRule(identity.namespace, rule)),
  };
}

function readRule(namespace: string, field: Field): AuthorizationRule {
  const alternatives = (name: "from" | "to", inner: string, parts: Part[]): Condition[][] => {
    if (field.has(name) && field.list(name).length === 0)
      field.get(name)?.refuse("an empty list; leave it out to match all");
    return field.list(name).map((item) => {
      const conditions = readConditions(namespace, item.get(inner), parts);
      if (conditions.length === 0) item.refuse(`${inner} is missing or empty`);
      return conditions;
    });
  };
  const from = alternatives("from", "source", sourceParts);
  for (const item of field.list("from")) checkServiceAccounts(item.get("source"));
  return {
    from,
    to: alternatives("to", "operation", operationParts),
    when: field.list("when").flatMap((when) => readWhen(namespace, when) ?? []),
  };
}

const notName = (name: string): string => `not${name.charAt(0).toUpperCase()}${name.slice(1)}`;

function readConditions(namespace: string, field: Field | undefined, parts: Part[]): Condition[] {
  if (field === undefined) return [];
  return parts.flatMap(({ name, attribute }) => {
    const condition = {
      attribute: attribute(namespace),
      values: field.texts(name),
      notValues: field.texts(notName(name)),
    };
    for (const key of [name, notName(name)])
      for (const value of field.list(key)) checkValues(condition.attribute, value);
    return condition.values.length + condition.notValues.length === 0 ? [] : [condition];
  });
}

function checkServiceAccounts(source: Field | undefined): void {
  if (source === undefined || !(source.has("serviceAccounts") || source.has("notServiceAccounts"))) return;
  for (const name of ["principals", "notPrincipals", "namespaces", "notNamespaces"])
    source.get(name)?.refuse("may not stand beside serviceAccounts");
}

function readWhen(namespace: string, field: Field): Condition | undefined {
  const key = field.get("key");
  const attribute = parseAttribute(key?.asText() ?? "", namespace);
  const values = [...field.list("values"), ...field.list("notValues")];
  if (values.length === 0) field.refuse("give values, notValues or both");
  if (typeof attribute === "string") {
    (key ?? field).refuse(attribute);
    return undefined;
  }
  for (const value of values) checkValues(attribute, value);
  return { attribute, values: field.texts("values"), notValues: field.texts("notValues") };
}
