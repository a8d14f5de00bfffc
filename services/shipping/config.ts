import { env } from "../../lib/config";

/** What shipping reads from its environment, besides what every service reads. */
export const shippingEnv = {
  GRPC_PORT: env
    .portOrSocket()
    .describe("port of the gRPC server, 0 for a free one; or the path of a socket"),
  CARRIER_DAILY_CAPACITY: env
    .integer({ min: 0, max: 1_000_000_000 })
    .default(1_000_000)
    .describe("how many shipments the simulated carrier takes per day (UTC)"),
};
