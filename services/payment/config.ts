import { env } from "../../lib/config";

/** What payment reads from its environment, besides what every service reads. */
export const paymentEnv = {
  GRPC_PORT: env
    .portOrSocket()
    .describe("port of the gRPC server, 0 for a free one; or the path of a socket"),
  PROVIDER_TIMEOUT_MS: env
    .durationMs()
    .default(3000)
    .describe("how long to wait for the payment provider's answer, in ms"),
  PROVIDER_SLOW_MS: env
    .durationMs()
    .default(2000)
    .describe("how long the simulated provider thinks about tok_slow, in ms"),
};
