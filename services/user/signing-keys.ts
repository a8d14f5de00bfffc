import {
  calculateJwkThumbprint,
  createLocalJWKSet,
  errors,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
  type JWTVerifyGetKey,
  type KeyLike,
  SignJWT,
} from "jose";

import { TOKEN_ALGORITHM } from "../../lib/auth";
import type { Database } from "../../lib/db";
import type { Log } from "../../lib/log";
import {
  deleteRetiredKeys,
  findSigningKey,
  insertSigningKey,
  listPublicKeys,
  lockSigningKeys,
  type NewSigningKey,
  nextKeyIsDue,
} from "./store";
import type { User } from "./user";

/** All in ms. */
export type KeySchedule = { tokenTtlMs: number; rotationMs: number; prepublishMs: number };

/** What a verifier's clock may be behind ours before a key disappears too early. */
const clockSkewMs = 60_000;
const leastCheckMs = 100;
const mostCheckMs = 60_000;

async function newSigningKey(): Promise<NewSigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(TOKEN_ALGORITHM, { extractable: true });
  const publicJwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(publicJwk);
  const common = { kid, alg: TOKEN_ALGORITHM, use: "sig" };
  return {
    kid,
    privateJwk: { ...(await exportJWK(privateKey)), ...common },
    publicJwk: { ...publicJwk, ...common },
  };
}

/**
 * Publishes the next key where it is time, and forgets the ones whose last token has expired. Any number of
 * replicas may call it at once: one acts, the others find nothing left to do.
 */
export async function rotateKeys(
  db: Database,
  schedule: KeySchedule,
): Promise<{ created?: string; deleted: number }> {
  if (await nextKeyIsDue(db, schedule)) {
    const key = await newSigningKey();
    const created = await db.transaction(async (tx) => {
      await lockSigningKeys(tx);
      if (!(await nextKeyIsDue(tx, schedule))) return false;
      await insertSigningKey(tx, key, schedule);
      return true;
    });
    if (created) return { created: key.kid, deleted: 0 };
  }
  return { deleted: await deleteRetiredKeys(db, schedule.tokenTtlMs + clockSkewMs) };
}

/** Rotates keys in the background until stopped. A database that is down is asked again at the next check. */
export function startKeyRotation(options: { db: Database; schedule: KeySchedule; log: Log }): {
  stop(): Promise<void>;
} {
  const { db, schedule, log } = options;
  const shortest = Math.min(schedule.rotationMs, schedule.prepublishMs);
  const checkMs = Math.min(Math.max(shortest / 10, leastCheckMs), mostCheckMs);
  let inHand: Promise<void> = Promise.resolve();
  const check = async (): Promise<void> => {
    try {
      const { created, deleted } = await rotateKeys(db, schedule);
      if (created !== undefined) log.info({ kid: created }, "published a new signing key");
      if (deleted > 0) log.info({ deleted }, "forgot retired signing keys");
    } catch (error) {
      log.warn({ err: error }, "the signing keys could not be rotated");
    }
  };
  const timer = setInterval(() => {
    inHand = inHand.then(check);
  }, checkMs);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await inHand;
    },
  };
}

export type TokenIssuer = {
  /** Signs a token for `user`; `expiresIn` in seconds. */
  issue(user: User): Promise<{ token: string; expiresIn: number }>;
  /** The JWKS, with how many seconds it may be cached. */
  keySet(): Promise<{ keys: JWK[]; maxAge: number }>;
};

/**
 * Issues tokens. Which key signs is asked of the database each time (a login costs a password hash anyway),
 * so that all replicas change over at the same moment.
 */
export function createTokenIssuer(db: Database, schedule: KeySchedule): TokenIssuer {
  let imported: { kid: string; key: KeyLike | Uint8Array } | undefined;
  return {
    async issue(user) {
      const signing = await findSigningKey(db);
      if (!signing) throw new Error("there is no signing key");
      if (imported?.kid !== signing.kid) {
        imported = { kid: signing.kid, key: await importJWK(signing.privateJwk, TOKEN_ALGORITHM) };
      }
      const expiresIn = Math.ceil(schedule.tokenTtlMs / 1000);
      const now = Math.floor(Date.now() / 1000);
      const token = await new SignJWT({ email: user.email, groups: user.groups })
        .setProtectedHeader({ alg: TOKEN_ALGORITHM, kid: imported.kid, typ: "JWT" })
        .setIssuer("symphony")
        .setAudience("symphony")
        .setSubject(user.id)
        .setIssuedAt(now)
        .setExpirationTime(now + expiresIn)
        .sign(imported.key);
      return { token, expiresIn };
    },
    async keySet() {
      // half the time before a key signs, so that no cache still holds a set without it by then
      const maxAge = Math.min(60, Math.floor(schedule.prepublishMs / 2000));
      return { keys: await listPublicKeys(db), maxAge };
    },
  };
}

/** Least ms between two reads for a `kid` that is not known: a flood of forged ones costs one read. */
const keyReadCooldownMs = 1_000;

/** The keys that this service verifies its own tokens with, from its database. */
export function createKeyLookup(db: Database): JWTVerifyGetKey {
  let known: JWTVerifyGetKey = createLocalJWKSet({ keys: [] });
  let readAt = 0;
  return async (header, token) => {
    try {
      return await known(header, token);
    } catch (error) {
      const mayRead = Date.now() - readAt >= keyReadCooldownMs;
      if (!(error instanceof errors.JWKSNoMatchingKey) || !mayRead) throw error;
      known = createLocalJWKSet({ keys: await listPublicKeys(db) });
      readAt = Date.now();
      return known(header, token);
    }
  };
}
