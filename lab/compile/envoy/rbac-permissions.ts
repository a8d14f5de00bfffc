import { type Attribute, type Condition } from "../model/security";
import { toCidr } from "./cidr";
import { extension, type JsonObject } from "./json";
import { toHeaderPattern, toPattern } from "./string-match";

type Translate = (value: string, port: number) => JsonObject;

const translate: Partial<Record<Attribute["kind"], Translate>> = {
  host: (value) => ({ header: toHeaderPattern(":authority", value, true) }),
  method: (value) => ({ header: toHeaderPattern(":method", value) }),
  path: toPath,
  // The listener's own port is a free one of this machine; which port it stands for is known here.
  "destination.port": (value, port): JsonObject =>
    Number(value) === port ? { any: true } : { not_rule: { any: true } },
  "destination.ip": (value) => ({ destination_ip: toCidr(value) }),
  "connection.sni": (value) => ({ requested_server_name: toPattern(value) }),
};

/** Whether an attribute is about what is done, rather than about who does it. */
export const isPermission = ({ kind }: Attribute): boolean => kind in translate;

/** Whether an attribute is only known once a request is read. */
export function isHttpOnly({ kind }: Attribute): boolean {
  return ["host", "method", "path"].includes(kind) || kind.startsWith("request.");
}

/** One of the values, and none of the others. */
export function toPermission({ attribute, values, notValues }: Condition, port: number): JsonObject[] {
  const any = (list: string[]): JsonObject => ({
    or_rules: { rules: list.flatMap((value) => translate[attribute.kind]?.(value, port) ?? []) },
  });
  return [
    ...(values.length === 0 ? [] : [any(values)]),
    ...(notValues.length === 0 ? [] : [{ not_rule: any(notValues) }]),
  ];
}

function toPath(path: string): JsonObject {
  if (!path.includes("{*}") && !path.includes("{**}")) return { url_path: { path: toPattern(path) } };
  const path_template = path.replaceAll("{*}", "*").replaceAll("{**}", "**");
  return {
    uri_template: extension(
      "uri-template",
      "envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig",
      { path_template },
    ),
  };
}
