import { z } from "zod";

import { env } from "../../lib/config";

/** The user service's environment, besides `commonEnv`. */
export const userEnv = {
  TOKEN_TTL_MS: env
    .durationMs()
    .default(15 * 60_000)
    .describe("How long a token is valid."),
  KEY_ROTATION_MS: env
    .durationMs()
    .default(24 * 3_600_000)
    .describe("How long a key signs before the next one takes over."),
  KEY_PREPUBLISH_MS: env
    .durationMs()
    .default(30 * 60_000)
    .describe(
      "How long a key is in the JWKS before it signs. At least the longest time a verifier keeps the set: 30 s here (cooldown), 20 min in istiod.",
    ),
  ADMIN_EMAIL: z
    .email()
    .optional()
    .describe("Address of an administrator made at start; together with ADMIN_PASSWORD."),
  ADMIN_PASSWORD: z.string().min(8).max(200).optional().describe("That administrator's password; secret."),
};
