import { createTokenVerifier } from "../../lib/auth";
import { defineService } from "../../lib/service";
import { assignRequestId, createApi, createCors } from "./api";
import { createApiRoutes, createResolver, type ProxiedService } from "./api-route";
import { createRoutes } from "./app";
import { readBreakers } from "./breaker";
import { gatewayEnv } from "./config";
import { createComposer } from "./details";
import { createGatewayMetrics } from "./gateway-metrics";
import { createHealthCheck } from "./health";
import { createApiDescription } from "./open-api";
import { createAgent, createServiceProxy } from "./proxy";
import { createClientLimiter } from "./token-bucket";
import { createWindowLimiter } from "./window-limiter";

export const service = defineService({
  name: "gateway",
  env: gatewayEnv,
  folder: __dirname,
  build({ config, db, log, metrics }) {
    const urls = {
      user: config.USER_URL,
      order: config.ORDER_URL,
      inventory: config.INVENTORY_URL,
      payment: config.PAYMENT_URL,
      shipping: config.SHIPPING_URL,
      notification: config.NOTIFICATION_URL,
      audit: config.AUDIT_URL,
      analytics: config.ANALYTICS_URL,
    };
    const tokens = createTokenVerifier({ jwksUrl: config.JWKS_URL });
    const windows = createWindowLimiter({ db, log });
    const agent = createAgent();
    const proxy = (name: ProxiedService) =>
      createServiceProxy({ service: name, url: urls[name], deadlineMs: config.PEER_DEADLINE_MS, agent });
    const statsUrl = config.SIDECAR_STATS_URL;

    const api = createApi({
      resolve: createResolver(config),
      tokens,
      perSecond: createClientLimiter({
        perSecond: config.RATE_CLIENT_PER_SECOND,
        burst: config.RATE_CLIENT_BURST,
      }),
      windows,
      proxies: { order: proxy("order"), inventory: proxy("inventory"), user: proxy("user") },
      metrics: createGatewayMetrics({
        registry: metrics.registry,
        services: Object.keys(urls),
        readBreakers: statsUrl === undefined ? undefined : () => readBreakers(statsUrl),
      }),
      trustedHops: config.TRUSTED_PROXY_HOPS,
    });
    return {
      routes: createRoutes({
        compose: createComposer(urls),
        checkHealth: createHealthCheck(urls),
        socket: typeof config.PORT === "string" ? config.PORT : undefined,
      }),
      tokens,
      before: [assignRequestId, createCors(config.CORS_ORIGINS), api],
      describe: createApiDescription(createApiRoutes(config).routes, urls),
      worksWithoutDatabase: true,
      workers: [windows, { stop: () => Promise.resolve(agent.destroy()) }],
    };
  },
});
