import { createTokenVerifier } from "../../lib/auth";
import { ConfigError } from "../../lib/config";
import { defineService } from "../../lib/service";
import { ensureAdmin } from "./accounts";
import { createRoutes } from "./app";
import { userEnv } from "./config";
import {
  createKeyLookup,
  createTokenIssuer,
  type KeySchedule,
  rotateKeys,
  startKeyRotation,
} from "./signing-keys";

export const service = defineService({
  name: "user",
  env: userEnv,
  folder: __dirname,
  async build({ config, db, log }) {
    const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password } = config;
    if ((email === undefined) !== (password === undefined)) {
      const name = email === undefined ? "ADMIN_EMAIL" : "ADMIN_PASSWORD";
      throw new ConfigError([{ name, problem: "is missing: ADMIN_EMAIL and ADMIN_PASSWORD go together" }]);
    }
    const schedule: KeySchedule = {
      tokenTtlMs: config.TOKEN_TTL_MS,
      rotationMs: config.KEY_ROTATION_MS,
      prepublishMs: config.KEY_PREPUBLISH_MS,
    };
    await rotateKeys(db, schedule);
    if (email !== undefined && password !== undefined) await ensureAdmin(db, { email, password });
    return {
      routes: createRoutes({ db, issuer: createTokenIssuer(db, schedule) }),
      tokens: createTokenVerifier({ getKey: createKeyLookup(db) }),
      workers: [startKeyRotation({ db, schedule, log })],
    };
  },
});
