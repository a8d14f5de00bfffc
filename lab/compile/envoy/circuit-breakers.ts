import { type ConnectionPool, type RetryBudget } from "../model/traffic";
import { type Json } from "../types";
import { compact } from "./json";

/** Istio limits nothing by itself; Envoy's own defaults (1024, three retries) would surprise under load. */
const unlimited = 2 ** 32 - 1;

/** How many connections, requests and retries a cluster may have at once. */
export function toCircuitBreakers(pool: ConnectionPool | undefined, budget: RetryBudget | undefined): Json {
  return {
    thresholds: [
      compact({
        max_connections: pool?.maxConnections ?? unlimited,
        max_pending_requests: pool?.maxPendingRequests ?? unlimited,
        max_requests: pool?.maxRequests ?? unlimited,
        max_retries: pool?.maxRetries ?? unlimited,
        retry_budget:
          budget &&
          compact({
            budget_percent: { value: budget.percent },
            min_retry_concurrency: budget.minRetryConcurrency,
            budget_interval: budget.interval,
          }),
      }),
    ],
  };
}
