import { type Json } from "../../compile/types";
import { type Reducer } from "./feature";
import { isObject, type JsonObject, objectOf, objectsOf } from "./json";

/** What is logged where. */
export const reduceAccessLog: Reducer = (fields) => {
  const logs = objectsOf(fields.take("access_log")).map(reduceLog);
  return logs.length === 0 ? undefined : logs;
};

function reduceLog({ filter, typed_config }: JsonObject): Json {
  const { "@type": type, path, log_format, ...others } = objectOf(typed_config);
  const toStdout = String(type).endsWith("StdoutAccessLog") || path === "/dev/stdout";
  return {
    to: toStdout ? "/dev/stdout" : (path ?? String(type)),
    ...(filter !== undefined && { filter }),
    format: reduceFormat(objectOf(log_format)),
    ...others,
  };
}

function reduceFormat({ json_format, json_format_options, ...format }: JsonObject): Json {
  if (!isObject(json_format)) return format;
  const options = objectOf(json_format_options);
  return { ...format, ...(Object.keys(options).length > 0 && { options }), json_format };
}
