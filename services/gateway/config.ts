import { env } from "../../lib/config";

const limit = (value: number, help: string) =>
  env.integer({ min: 0, max: 1_000_000 }).default(value).describe(`${help}; 0 is no limit`);

/** The gateway's environment, besides `commonEnv`. */
export const gatewayEnv = {
  USER_URL: env.url().describe("the user service"),
  ORDER_URL: env.url().describe("the order service"),
  INVENTORY_URL: env.url().describe("the inventory service"),
  PAYMENT_URL: env.url().describe("the payment service"),
  SHIPPING_URL: env.url().describe("the shipping service"),
  NOTIFICATION_URL: env.url().describe("the notification service"),
  AUDIT_URL: env.url().describe("the audit service"),
  ANALYTICS_URL: env.url().describe("the analytics service"),
  JWKS_URL: env.url().describe("the keys that tokens are verified with"),
  CORS_ORIGINS: env
    .list()
    .default(["http://localhost:3000", "https://app.example.com"])
    .describe("origins whose pages may call, with commas between them"),
  TRUSTED_PROXY_HOPS: env
    .integer({ min: 0, max: 5 })
    .default(0)
    .describe("proxies in front that append to X-Forwarded-For: 1 behind an ingress"),
  SIDECAR_STATS_URL: env
    .url()
    .optional()
    .describe("the own sidecar's statistics, such as http://127.0.0.1:15000/stats"),
  PEER_DEADLINE_MS: env.durationMs().default(10_000).describe("ms a service has for a whole answer"),
  RATE_CLIENT_PER_SECOND: limit(100, "requests per second of one client"),
  RATE_CLIENT_BURST: env
    .integer({ min: 1, max: 1_000_000 })
    .default(10)
    .describe("requests that one client may send at once"),
  RATE_ORDERS_PER_MINUTE: limit(100, "requests per minute of one client to /api/orders"),
  RATE_ORDERS_PER_HOUR: limit(1_000, "requests per hour of one client to /api/orders"),
  RATE_INVENTORY_PER_MINUTE: limit(200, "requests per minute of one client to /api/inventory"),
  RATE_LOGIN_PER_MINUTE: limit(60, "registrations and logins per minute from one address"),
};
