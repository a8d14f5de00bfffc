import { env } from "../../lib/config";

/** What inventory reads from its environment, besides what every service reads. */
export const inventoryEnv = {
  GRPC_PORT: env
    .portOrSocket()
    .describe("port of the gRPC server, 0 for a free one; or the path of a socket"),
  JWKS_URL: env.url().describe("where the keys are that tokens of administrators are verified with"),
};
