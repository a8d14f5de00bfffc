import { type DirectResponse, type Redirect, type Rewrite } from "../model/routing";
import { type Field } from "../source/field";

/** `rewrite` of a route that forwards. */
export function readRewrite(field: Field | undefined): Rewrite | undefined {
  if (field === undefined) return undefined;
  const regex = field.get("uriRegexRewrite");
  if (regex !== undefined && field.has("uri")) field.refuse("give one of uri and uriRegexRewrite");
  if (field.keys().length === 0) field.refuse("give uri, uriRegexRewrite or authority");
  return {
    prefix: field.text("uri"),
    regex: regex && { pattern: regex.regex("match") ?? "", substitution: regex.text("rewrite") ?? "" },
    authority: field.text("authority"),
  };
}

/** `redirect` of a route. */
export function readRedirect(field: Field): Redirect {
  if (field.keys().length === 0) field.refuse("give uri, prefixRewrite, authority, scheme or port");
  const scheme = field.text("scheme");
  if (scheme !== undefined && scheme !== "http" && scheme !== "https")
    field.get("scheme")?.refuse("http or https");
  const status = field.number("redirectCode") ?? 301;
  if (![301, 302, 303, 307, 308].includes(status))
    field.get("redirectCode")?.refuse("one of 301, 302, 303, 307, 308");
  const derived = field.text("derivePort");
  return {
    kind: "redirect",
    path: readRedirectPath(field),
    authority: field.text("authority"),
    scheme,
    port: field.within("port", [1, 65535]) ?? (derived === "FROM_REQUEST_PORT" ? "request" : undefined),
    status,
  };
}

/** `directResponse` of a route. */
export function readDirectResponse(field: Field): DirectResponse {
  const status = field.within("status", [200, 599]) ?? 200;
  return { kind: "response", status, body: field.get("body")?.text("string") };
}

function readRedirectPath(field: Field): Redirect["path"] {
  const prefix = field.text("prefixRewrite");
  const uri = field.text("uri");
  if (prefix !== undefined && uri !== undefined) field.refuse("give one of uri and prefixRewrite");
  if (uri !== undefined) return { replace: uri };
  return prefix === undefined ? undefined : { prefix };
}
