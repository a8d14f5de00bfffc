import { env } from "../../lib/config";

/** What order reads from its environment, besides what every service reads. */
export const orderEnv = {
  INVENTORY_URL: env.url().describe("inventory over REST"),
  INVENTORY_GRPC_TARGET: env.text().describe("inventory over gRPC, host:port, several with commas"),
  PAYMENT_URL: env.url().describe("payment over REST"),
  PAYMENT_GRPC_TARGET: env.text().describe("payment over gRPC"),
  SHIPPING_URL: env.url().describe("shipping over REST"),
  SHIPPING_GRPC_TARGET: env.text().describe("shipping over gRPC"),
  NOTIFICATION_URL: env.url().optional().describe("notification; only with SYNCHRONOUS_CHAIN"),
  AUDIT_URL: env.url().optional().describe("audit; only with SYNCHRONOUS_CHAIN"),
  ANALYTICS_URL: env.url().optional().describe("analytics; only with SYNCHRONOUS_CHAIN"),
  JWKS_URL: env.url().describe("the keys that tokens are verified with"),
  SAGA_DEADLINE_MS: env.durationMs().default(30_000).describe("ms after which an open order is cancelled"),
  WATCHDOG_INTERVAL_MS: env.durationMs().default(1_000).describe("ms between two looks for overdue orders"),
  CALL_DEADLINE_MS: env.durationMs().default(5_000).describe("ms that one call to a peer may take"),
};
