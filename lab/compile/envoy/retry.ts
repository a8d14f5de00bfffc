import { type RetryPolicy } from "../model/routing";
import { compact, extension, filled, type JsonObject } from "./json";

/** Istio's policy where a route says nothing: only what cannot have had an effect is tried again. */
const defaultRetryOn = "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes";
const defaultRetries = 2;
/** How often Envoy looks for an endpoint that has not been tried. */
const hostAttempts = 5;

const previousHosts = extension(
  "envoy.retry_host_predicates.previous_hosts",
  "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
);

/** What is tried again. With consistent hashing the same endpoint is meant, so no other is looked for. */
export function toRetryPolicy(
  policy: RetryPolicy | "default" | "none",
  isHashed: boolean,
): JsonObject | undefined {
  if (policy === "none") return undefined;
  if (policy === "default") return { ...common(defaultRetryOn, defaultRetries), ...elsewhere(!isHashed) };
  return compact({
    ...common(policy.retryOn ?? defaultRetryOn, policy.attempts),
    per_try_timeout: policy.perTryTimeout,
    retriable_status_codes: filled(policy.statusCodes),
    retry_back_off: policy.backoff === undefined ? undefined : { base_interval: policy.backoff },
    ...elsewhere(policy.ignorePreviousHosts ?? !isHashed),
  });
}

const common = (retry_on: string, num_retries: number): JsonObject => ({
  retry_on,
  num_retries,
  host_selection_retry_max_attempts: hostAttempts,
});

const elsewhere = (wanted: boolean): JsonObject => (wanted ? { retry_host_predicate: [previousHosts] } : {});
