import { defineService } from "../../lib/service";
import { createRoutes } from "./app";
import { subscriptions } from "./events";

/** Keeps every event in an append-only, hash-chained log. */
export const service = defineService({
  name: "audit",
  env: {},
  folder: __dirname,
  build: ({ db }) => ({ routes: createRoutes({ db }), subscriptions }),
});
