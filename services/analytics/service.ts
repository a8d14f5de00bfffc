import { defineService } from "../../lib/service";
import { createRoutes } from "./app";
import { chainRoute } from "./chain";
import { subscriptions } from "./events";
import { createRebuilder } from "./rebuild";

/** Counts orders, revenue and failures by the minute, as a projection of events. */
export const service = defineService({
  name: "analytics",
  env: {},
  folder: __dirname,
  build: ({ config, db, bus, log }) => {
    const rebuilder = createRebuilder({ db, bus, log });
    const chain = config.SYNCHRONOUS_CHAIN ? [chainRoute({ db })] : [];
    return { routes: [...createRoutes({ db, rebuilder }), ...chain], subscriptions, workers: [rebuilder] };
  },
});
