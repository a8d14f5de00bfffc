import { z } from "zod";

import { env } from "../../lib/config";
import { type ServiceName, serviceNames } from "../../lib/events";

const passwordVariable = (service: ServiceName): string => `ROLE_PASSWORD_${service}`;

/** The provisioner's environment. The roles' passwords count only together with POSTGRES_URL. */
export const provisionerEnv = {
  HOST: env.text().default("127.0.0.1").describe("address to listen on"),
  PORT: env.port().describe("port of the probes, 0 for a free one"),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
  NATS_URL: env.url().describe("NATS, with a user that may create streams and consumers"),
  STREAM_REPLICAS: env.integer({ min: 1, max: 5 }).default(1).describe("copies of each stream"),
  POSTGRES_URL: env.url().optional().describe("Postgres, with a user that may create databases and roles"),
  ...Object.fromEntries(
    serviceNames.map((service) => [
      passwordVariable(service),
      env.text().optional().describe(`password of the role ${service}`),
    ]),
  ),
} as const;

/** The password of each service's role. Throws naming those that are missing. */
export function rolePasswords(config: Record<string, unknown>): Record<ServiceName, string> {
  const missing = serviceNames.map(passwordVariable).filter((name) => typeof config[name] !== "string");
  if (missing.length > 0)
    throw new Error(`POSTGRES_URL is set, but these are missing: ${missing.join(", ")}`);
  return Object.fromEntries(
    serviceNames.map((service) => [service, config[passwordVariable(service)]]),
  ) as Record<ServiceName, string>;
}
