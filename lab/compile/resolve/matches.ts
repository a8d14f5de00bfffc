import { type StringMatch } from "../model/common";
import { type HeaderMatch, type RouteMatch } from "../model/routing";
import { type Field } from "../source/field";
import { fullGateway } from "./registry";

/** `exact`, `prefix` or `regex`: one of them. */
export function readStringMatch(field: Field): StringMatch | undefined {
  const [kind, ...more] = (["exact", "prefix", "regex"] as const).filter((name) => field.has(name));
  if (kind === undefined || more.length > 0) {
    field.refuse("give one of exact, prefix and regex");
    return undefined;
  }
  if (kind === "regex") return { regex: field.regex("regex") ?? "" };
  const text = field.text(kind) ?? "";
  return kind === "exact" ? { exact: text } : { prefix: text };
}

/** A match whose prefix must hold something, which Envoy asks for everywhere but in paths. */
function readFilled(field: Field | undefined): StringMatch | undefined {
  const match = field && readStringMatch(field);
  if (match !== undefined && "prefix" in match && match.prefix === "")
    field?.refuse("an empty prefix matches nothing");
  return match;
}

/** An empty match, and the expression `*`, ask only that the header is there. */
function readPresence(field: Field): StringMatch | "present" {
  const any = field.keys().length === 0 || (field.keys().length === 1 && field.text("regex") === "*");
  return any ? "present" : (readFilled(field) ?? "present");
}

function readHeaders(field: Field, name: "headers" | "withoutHeaders"): HeaderMatch[] {
  return field.entries(name).map(([header, match]) => {
    if (header.startsWith("@request.auth.claims"))
      match.refuse(
        "matching claims of a token is not supported by the mesh on a laptop; use an AuthorizationPolicy",
      );
    else if (header.startsWith(":") || /[^!#$%&'*+.^_`|~0-9a-z-]/.test(header))
      match.refuse(
        `"${header}" is no header name in lower case; path, method and authority have fields of their own`,
      );
    return { name: header, match: readPresence(match), invert: name === "withoutHeaders" };
  });
}

/** One entry of `http[].match`. */
export function readRouteMatch(field: Field, namespace: string): RouteMatch {
  const uri = field.get("uri");
  const match: RouteMatch = {
    name: field.text("name"),
    origin: field.origin,
    scope: {
      port: field.within("port", [1, 65535]),
      gateways: field.texts("gateways").map((name) => fullGateway(name, namespace)),
      sourceLabels: field.textMap("sourceLabels"),
      sourceNamespace: field.text("sourceNamespace"),
    },
    uri: uri && readStringMatch(uri),
    ignoreUriCase: field.flag("ignoreUriCase") ?? false,
    method: readFilled(field.get("method")),
    authority: readFilled(field.get("authority")),
    scheme: readFilled(field.get("scheme")),
    headers: [...readHeaders(field, "headers"), ...readHeaders(field, "withoutHeaders")].sort(byName),
    queryParams: field.entries("queryParams").map(([name, param]) => ({ name, match: readPresence(param) })),
    statPrefix: field.text("statPrefix"),
  };
  return match;
}

const byName = (a: { name: string }, b: { name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
