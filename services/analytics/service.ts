import { defineService } from "../../lib/service";
import { createRoutes } from "./app";
import { subscriptions } from "./events";
import { createRebuilder } from "./rebuild";

/** Counts orders, revenue and failures by the minute, as a projection of events. */
export const service = defineService({
  name: "analytics",
  env: {},
  folder: __dirname,
  build: ({ db, bus, log }) => {
    const rebuilder = createRebuilder({ db, bus, log });
    return { routes: createRoutes({ db, rebuilder }), subscriptions, workers: [rebuilder] };
  },
});
