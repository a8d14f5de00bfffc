import { defineService } from "../../lib/service";
import { createRoutes } from "./app";
import { chainRoute } from "./chain-route";
import { subscriptions } from "./events";

/** Keeps every event in an append-only, hash-chained log. */
export const service = defineService({
  name: "audit",
  env: {},
  folder: __dirname,
  build: ({ config, db }) => ({
    routes: [...createRoutes({ db }), ...(config.SYNCHRONOUS_CHAIN ? [chainRoute({ db })] : [])],
    subscriptions,
  }),
});
