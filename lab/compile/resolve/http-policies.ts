import { type CorsPolicy, type Fault, type RetryPolicy } from "../model/routing";
import { type Field } from "../source/field";
import { readStringMatch } from "./matches";

/** What Istio takes in `retryOn` beside numbers of status codes. */
const retryConditions = new Set([
  "5xx",
  "gateway-error",
  "reset",
  "reset-before-request",
  "connect-failure",
  "retriable-4xx",
  "refused-stream",
  "retriable-status-codes",
  "retriable-headers",
  "envoy-ratelimited",
  "http3-post-connect-failure",
  "cancelled",
  "deadline-exceeded",
  "internal",
  "resource-exhausted",
  "unavailable",
]);

const grpcStatuses = [
  ...["OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS"],
  ...[
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
  ],
  ...["INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"],
];

const corsMethods = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "*"];

/** `retries` of a route. Without one Istio's default policy holds; `attempts: 0` switches retries off. */
export function readRetries(route: Field): RetryPolicy | "default" | "none" {
  const field = route.get("retries");
  if (field === undefined) return "default";
  const attempts = field.within("attempts", [0, 2 ** 31 - 1]) ?? 0;
  const policy: RetryPolicy = {
    attempts,
    perTryTimeout: field.duration("perTryTimeout"),
    backoff: field.duration("backoff"),
    ignorePreviousHosts: field.flag("retryIgnorePreviousHosts"),
    ...readRetryOn(field),
  };
  if (attempts > 0) return policy;
  if (field.has("perTryTimeout") || field.has("retryOn"))
    field.refuse("attempts is 0 or absent, which switches retries off; the rest of it would do nothing");
  return "none";
}

function readRetryOn(field: Field): Pick<RetryPolicy, "retryOn" | "statusCodes"> {
  const text = field.text("retryOn");
  if (text === undefined || text === "") return { retryOn: undefined, statusCodes: [] };
  const conditions: string[] = [];
  const statusCodes: number[] = [];
  for (const part of text.split(",").map((word) => word.trim())) {
    if (/^[1-5]\d\d$/.test(part)) statusCodes.push(Number(part));
    else if (retryConditions.has(part)) conditions.push(part);
    else
      field
        .get("retryOn")
        ?.refuse(
          `"${part}" is no condition; allowed: a status code, ${[...retryConditions].sort().join(", ")}`,
        );
  }
  if (statusCodes.length > 0 && !conditions.includes("retriable-status-codes"))
    conditions.push("retriable-status-codes");
  return { retryOn: conditions.join(","), statusCodes };
}

/** A percentage object, `{value: 12.5}`. */
export function readPercentage(field: Field, name: string): number | undefined {
  return field.get(name)?.within("value", [0, 100]) ?? (field.has(name) ? 0 : undefined);
}

/** `fault` of a route. */
export function readFault(route: Field): Fault | undefined {
  const field = route.get("fault");
  if (field === undefined) return undefined;
  const fault = { delay: readDelay(field.get("delay")), abort: readAbort(field.get("abort")) };
  if (!field.has("delay") && !field.has("abort")) field.refuse("give a delay, an abort or both");
  return fault;
}

function readDelay(field: Field | undefined): Fault["delay"] {
  if (field === undefined) return undefined;
  const fixed = field.duration("fixedDelay");
  if (!field.has("fixedDelay")) field.refuse("fixedDelay is missing");
  const percent = readPercentage(field, "percentage") ?? field.within("percent", [0, 100]) ?? 0;
  return fixed === undefined ? undefined : { fixed, percent };
}

function readAbort(field: Field | undefined): Fault["abort"] {
  if (field === undefined) return undefined;
  const percent = readPercentage(field, "percentage");
  const grpc = field.text("grpcStatus");
  const http = field.within("httpStatus", [200, 599]);
  if ((grpc === undefined) === (http === undefined)) {
    field.refuse("give one of httpStatus and grpcStatus");
    return undefined;
  }
  if (http !== undefined) return { status: { http }, percent };
  const code = grpcStatuses.indexOf(grpc ?? "");
  if (code < 0) field.get("grpcStatus")?.refuse(`no gRPC status; allowed: ${grpcStatuses.join(", ")}`);
  return { status: { grpc: code }, percent };
}

/** `corsPolicy` of a route. */
export function readCors(route: Field): CorsPolicy | undefined {
  const field = route.get("corsPolicy");
  if (field === undefined) return undefined;
  for (const method of field.list("allowMethods"))
    if (!corsMethods.includes(method.asText()))
      method.refuse(`no method; allowed: ${corsMethods.join(", ")}`);
  const maxAge = field.duration("maxAge", 1000);
  return {
    origins: field.list("allowOrigins").flatMap((origin) => readStringMatch(origin) ?? []),
    methods: field.texts("allowMethods"),
    headers: field.texts("allowHeaders"),
    exposeHeaders: field.texts("exposeHeaders"),
    maxAgeSeconds: maxAge === undefined ? undefined : Math.floor(Number.parseFloat(maxAge)),
    credentials: field.flag("allowCredentials"),
    forwardUnmatchedPreflights: field.text("unmatchedPreflights") !== "IGNORE",
  };
}
