import { type StringMatch } from "../model/common";
import { type HeaderMatch, type RouteMatch } from "../model/routing";
import { compact, filled, type JsonObject } from "./json";
import { toStringMatch } from "./string-match";

/** Which requests a route takes; all of them where there is no match. */
export function toRouteMatch(match: RouteMatch | undefined): JsonObject {
  if (match === undefined) return { prefix: "/" };
  const pseudo = (name: string, value: StringMatch | undefined): JsonObject[] =>
    value === undefined ? [] : [{ name, string_match: toStringMatch(value) }];
  return compact({
    ...toPath(match.uri),
    case_sensitive: !match.ignoreUriCase,
    headers: filled([
      ...match.headers.map(toHeader),
      ...pseudo(":method", match.method),
      ...pseudo(":authority", match.authority),
      ...pseudo(":scheme", match.scheme),
    ]),
    query_parameters: filled(
      match.queryParams.map(({ name, match: value }): JsonObject =>
        value === "present" ? { name, present_match: true } : { name, string_match: toStringMatch(value) },
      ),
    ),
  });
}

function toPath(uri: StringMatch | undefined): JsonObject {
  if (uri === undefined) return { prefix: "/" };
  if ("exact" in uri) return { path: uri.exact };
  return "regex" in uri ? { safe_regex: { regex: uri.regex } } : { prefix: uri.prefix };
}

function toHeader({ name, match, invert }: HeaderMatch): JsonObject {
  if (match === "present") return { name, present_match: true, ...(invert && { invert_match: true }) };
  return {
    name,
    string_match: toStringMatch(match),
    // A header that is not there differs from every value.
    ...(invert && { invert_match: true, treat_missing_header_as_empty: true }),
  };
}

/** What a path match says, for the name of a span. */
export function describePath(match: RouteMatch | undefined): string {
  const uri = match?.uri ?? { prefix: "/" };
  if ("exact" in uri) return uri.exact;
  return "regex" in uri ? uri.regex : `${uri.prefix}*`;
}
