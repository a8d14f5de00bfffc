import { env } from "../../lib/config";

/** What inventory reads from its environment, besides what every service reads. */
export const inventoryEnv = {
  GRPC_PORT: env.port().describe("port of the gRPC server; 0 takes a free one"),
  JWKS_URL: env.url().describe("where the keys are that tokens of administrators are verified with"),
};
