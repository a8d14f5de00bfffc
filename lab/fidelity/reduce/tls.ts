import { type Json } from "../../compile/types";
import { type Reducer } from "./feature";
import { isObject, type JsonObject } from "./json";

/** How a connection is secured: versions, certificates, whose certificate is accepted, which name is asked for. */
export const reduceTls: Reducer = (fields) => {
  const socket = fields.take("transport_socket");
  const matches = fields.take("transport_socket_matches");
  if (socket === undefined && matches === undefined) return undefined;
  return {
    ...(socket !== undefined && { always: withoutSources(socket) }),
    ...(matches !== undefined && { by_endpoint: withoutSources(matches) }),
  };
};

/**
 * A secret's name says which it is. Where it comes from differs: from files on the laptop, from Istio's agent on a
 * cluster, which answers for `file-root:system` and `file-root:PATH` with the authorities in a file as well.
 */
function withoutSources(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutSources);
  if (!isObject(value)) return value;
  const { sds_config, combined_validation_context: combined, validation_context: plain, ...rest } = value;
  const result: JsonObject = {};
  for (const [key, field] of Object.entries(rest)) result[key] = withoutSources(field);
  const validation = combined ?? plain;
  if (isObject(validation)) result.validation = reduceValidation(validation);
  if (sds_config === undefined && "name" in value && Object.keys(rest).length === 1) return rest;
  return result;
}

function reduceValidation(validation: JsonObject): Json {
  const {
    default_validation_context: own,
    validation_context_sds_secret_config: secret,
    ...plain
  } = validation;
  const context = isObject(own) ? own : plain;
  const { trusted_ca: file, ...checks } = context;
  const name = isObject(secret) ? secret.name : undefined;
  return {
    ...checks,
    authorities: isObject(file) ? authoritiesIn(String(file.filename)) : authoritiesOf(String(name)),
  };
}

const systemFile = "/etc/ssl/certs/ca-certificates.crt";
const authoritiesIn = (file: string): string => (file === systemFile ? "of the system" : `in ${file}`);

function authoritiesOf(secret: string): string {
  if (secret === "file-root:system") return "of the system";
  return secret.startsWith("file-root:") ? `in ${secret.slice("file-root:".length)}` : secret;
}
