import { defineService } from "../../lib/service";
import { createRoutes } from "./app";
import { createSimulatedCarrier } from "./carrier";
import { shippingEnv } from "./config";
import { createSubscriptions } from "./events";
import { createGrpc } from "./grpc";

export const service = defineService({
  name: "shipping",
  env: shippingEnv,
  folder: __dirname,
  build({ config, db }) {
    const carrier = createSimulatedCarrier({ dailyCapacity: config.CARRIER_DAILY_CAPACITY });
    const deps = { db, carrier };
    return {
      routes: createRoutes(deps),
      grpc: [createGrpc(deps)],
      subscriptions: createSubscriptions(deps),
    };
  },
});
