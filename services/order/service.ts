import { createTokenVerifier } from "../../lib/auth";
import { defineService } from "../../lib/service";
import { createRoutes } from "./app";
import { createChain } from "./chain";
import { orderEnv } from "./config";
import { createSubscriptions } from "./events";
import { createOrderFeed } from "./feed";
import { createOrderMetrics } from "./metrics";
import { createGrpcPeers, createRestPeers } from "./peers";
import { createQuotes } from "./quotes";
import { startWatchdog } from "./watchdog";

export const service = defineService({
  name: "order",
  env: orderEnv,
  folder: __dirname,
  build({ config, db, bus, log, metrics: registry }) {
    const deadlineMs = config.SAGA_DEADLINE_MS;
    const rest = createRestPeers({
      inventoryUrl: config.INVENTORY_URL,
      paymentUrl: config.PAYMENT_URL,
      shippingUrl: config.SHIPPING_URL,
      deadlineMs: config.CALL_DEADLINE_MS,
    });
    if (config.SYNCHRONOUS_CHAIN) rest.chain = createChain(config);
    const grpc = createGrpcPeers({
      inventoryTarget: config.INVENTORY_GRPC_TARGET,
      paymentTarget: config.PAYMENT_GRPC_TARGET,
      shippingTarget: config.SHIPPING_GRPC_TARGET,
      deadlineMs: config.CALL_DEADLINE_MS,
    });
    const metrics = createOrderMetrics(registry, db);
    const quotes = createQuotes({ db, peers: rest, log });
    const feed = createOrderFeed({ db, log });
    const watchdog = startWatchdog({
      db,
      metrics,
      log,
      connected: () => bus.connected(),
      intervalMs: config.WATCHDOG_INTERVAL_MS,
      deadlineMs,
    });
    return {
      routes: createRoutes({ db, metrics, quotes, feed, peers: { rest, grpc }, deadlineMs }),
      tokens: createTokenVerifier({ jwksUrl: config.JWKS_URL }),
      subscriptions: createSubscriptions({ metrics, log }),
      workers: [feed, watchdog, { stop: async () => grpc.close() }],
    };
  },
});
