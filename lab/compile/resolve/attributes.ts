import { isIP } from "node:net";

import { type Attribute } from "../model/security";
import { type Field } from "../source/field";

const keys = [
  "source.ip",
  "remote.ip",
  "source.namespace",
  "source.principal",
  "source.trustDomain",
  "request.auth.principal",
  "request.auth.audiences",
  "request.auth.presenter",
  "destination.ip",
  "destination.port",
  "connection.sni",
] as const;

const isPlain = (key: string): key is (typeof keys)[number] => (keys as readonly string[]).includes(key);

/** The attribute that `when[].key` names, or what is wrong with it. */
export function parseAttribute(key: string, namespace: string): Attribute | string {
  if (isPlain(key)) return { kind: key };
  if (key === "source.serviceAccount") return { kind: key, namespace };
  const header = /^request\.headers\[([^\]]+)\]$/.exec(key)?.[1];
  if (header !== undefined) return { kind: "request.headers", name: header };
  const claim = /^request\.auth\.claims((?:\[[^[\]]+\])+)$/.exec(key)?.[1];
  if (claim !== undefined) return { kind: "request.auth.claims", path: claim.slice(1, -1).split("][") };
  const known = [...keys, "source.serviceAccount", "request.headers[name]", "request.auth.claims[name]"];
  return `no attribute that is supported; allowed: ${known.sort().join(", ")}`;
}

/** Refuses a value that its attribute cannot have. */
export function checkValues({ kind }: Attribute, field: Field): void {
  const value = field.asText();
  const problem = value === "" ? "an empty value" : checks[kind]?.(value);
  if (problem !== undefined) field.refuse(problem);
}

type Check = (value: string) => string | undefined;

const checkBlock: Check = (value) =>
  isBlock(value) ? undefined : `"${value}" is no IP address and no range such as 10.0.0.0/8`;

const checks: Partial<Record<Attribute["kind"], Check>> = {
  "source.ip": checkBlock,
  "remote.ip": checkBlock,
  "destination.ip": checkBlock,
  "destination.port": (value) =>
    /^\d{1,5}$/.test(value) && Number(value) <= 65535 ? undefined : `"${value}" is no port`,
  "source.serviceAccount": (value) =>
    /^[^/*]+(\/[^/*]+)?$/.test(value) ? undefined : "give serviceAccount or namespace/serviceAccount",
  "source.trustDomain": (value) => (value.includes("/") ? "a trust domain has no /" : checkWildcard(value)),
  path: checkPath,
};

function isBlock(value: string): boolean {
  const [address = "", bits] = value.split("/");
  const version = isIP(address);
  if (version === 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

function checkWildcard(value: string): string | undefined {
  return /^\*?[^*]*$|^[^*]*\*$/.test(value)
    ? undefined
    : "one * at the start or at the end is all that is allowed";
}

/** `{*}` stands for one segment, `{**}` for the rest; beside them Envoy takes only plain characters. */
function checkPath(path: string): string | undefined {
  const segments = path.replace(/^\/+|\/+$/g, "").split("/");
  const rest = segments.indexOf("{**}");
  if (rest >= 0 && segments.slice(rest + 1).some((segment) => segment.startsWith("{*")))
    return "{**} must be the last operator of a path";
  const literals = segments.filter((segment) => segment !== "{*}" && segment !== "{**}");
  if (literals.some((segment) => /[{}]/.test(segment)))
    return "{ and } only stand around * and **, as a whole segment";
  const templated = literals.length < segments.length;
  if (templated && !literals.every((segment) => /^[\w\-.~%!$&'()+,;:@=]*$/.test(segment)))
    return "beside {*} and {**} a segment may only hold letters, digits and -._~%!$&'()+,;:@=";
  return undefined;
}
