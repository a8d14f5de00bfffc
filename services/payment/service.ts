import { defineService } from "../../lib/service";
import { createRoutes } from "./app";
import { paymentEnv } from "./config";
import { createSubscriptions } from "./events";
import { createGrpc } from "./grpc";
import { createSimulatedProvider } from "./provider";

export const service = defineService({
  name: "payment",
  env: paymentEnv,
  folder: __dirname,
  build({ config, db }) {
    const provider = createSimulatedProvider({
      ledger: db,
      timeoutMs: config.PROVIDER_TIMEOUT_MS,
      slowMs: config.PROVIDER_SLOW_MS,
    });
    const deps = { db, provider };
    return {
      routes: createRoutes(deps),
      grpc: [createGrpc(deps)],
      subscriptions: createSubscriptions(deps),
    };
  },
});
