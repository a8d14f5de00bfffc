import { createTokenVerifier } from "../../lib/auth";
import { defineService } from "../../lib/service";
import { createRoutes } from "./app";
import { inventoryEnv } from "./config";
import { createSubscriptions } from "./events";
import { createGrpc } from "./grpc";

export const service = defineService({
  name: "inventory",
  env: inventoryEnv,
  folder: __dirname,
  build: ({ config, db }) => ({
    routes: createRoutes(db),
    tokens: createTokenVerifier({ jwksUrl: config.JWKS_URL }),
    grpc: [createGrpc(db)],
    subscriptions: createSubscriptions(db),
  }),
});
