import { createRemoteJWKSet, errors, type JWTHeaderParameters, jwtVerify, type JWTVerifyGetKey } from "jose";
import { z } from "zod";

import { AppError } from "./errors";

/** Who makes a request, as the token says. */
export type Identity = { userId: string; email: string; groups: string[]; isAdmin: boolean };

export type TokenVerifier = {
  /** The token's identity. Throws AppError auth.token_invalid, auth.token_expired or auth.keys_unavailable. */
  verify(token: string): Promise<Identity>;
  /** Fetches the issuer's keys unless they were fetched before. Rejects where they cannot be had. */
  prepare(): Promise<void>;
};

export type RemoteKeys = {
  jwksUrl: string;
  /** Least ms between two fetches for a key that is not known: a flood of forged `kid`s costs one fetch. */
  cooldownMs?: number;
  /** Age in ms at which the keys are fetched again in the background. */
  refreshMs?: number;
};

/** Where the keys come from (`getKey`: from the issuer's own store) and what a token must say. */
export type TokenVerifierOptions = (RemoteKeys | { getKey: JWTVerifyGetKey }) & {
  issuer?: string;
  audience?: string;
};

export const USER_GROUP = "user-group";
export const ADMIN_GROUP = "admin-group";
/** Signature algorithm of all tokens. */
export const TOKEN_ALGORITHM = "ES256";

const FETCH_DEADLINE_MS = 5_000;

const claims = z.object({
  sub: z.string().min(1),
  email: z.string().min(1),
  groups: z.array(z.string()),
});

/** The header of a 401 answer, RFC 6750. */
export const challenge = { "WWW-Authenticate": 'Bearer realm="symphony"' };
const invalidTokenChallenge = { "WWW-Authenticate": 'Bearer realm="symphony", error="invalid_token"' };

function tokenError(error: unknown): AppError {
  const options = { cause: error, headers: invalidTokenChallenge };
  if (error instanceof errors.JWTExpired) {
    return new AppError("auth.token_expired", "the token has expired; log in again", options);
  }
  return new AppError("auth.token_invalid", "the token is malformed, forged or from another issuer", options);
}

/**
 * The issuer's key set over HTTP. A `kid` that is not known makes it fetch the set at once, the set is
 * renewed in the background, and keys once fetched stay in use while the issuer is unreachable.
 */
function remoteKeys({ jwksUrl, cooldownMs = 1_000, refreshMs = 600_000 }: RemoteKeys): {
  getKey: JWTVerifyGetKey;
  prepare(): Promise<void>;
} {
  const keys = createRemoteJWKSet(new URL(jwksUrl), {
    cooldownDuration: cooldownMs,
    // jose refuses every token once keys are older than this and cannot be fetched; renewal is done below.
    cacheMaxAge: Number.POSITIVE_INFINITY,
    timeoutDuration: FETCH_DEADLINE_MS,
  });
  let nextRefresh = Date.now() + refreshMs;

  function refreshWhenOld(): void {
    if (Date.now() < nextRefresh) return;
    nextRefresh = Date.now() + refreshMs;
    keys.reload().catch(() => undefined);
  }

  const getKey: JWTVerifyGetKey = async (header, token) => {
    refreshWhenOld();
    try {
      return await keys(header, token);
    } catch (error) {
      const refused =
        error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys;
      if (refused || error instanceof errors.JOSENotSupported) throw error;
      throw new AppError(
        "auth.keys_unavailable",
        "the keys that tokens are verified with cannot be fetched",
        {
          cause: error,
        },
      );
    }
  };
  return { getKey, prepare: async () => (keys.jwks() === undefined ? keys.reload() : undefined) };
}

const MOST_VERIFIED = 2_000;

type Verified = { identity: Identity; expiresAtMs: number; header: JWTHeaderParameters; key: unknown };

/** Tokens that were verified, until they expire; the oldest give way. */
function createVerifiedTokens() {
  const tokens = new Map<string, Verified>();
  return {
    find(token: string): Verified | undefined {
      const entry = tokens.get(token);
      if (entry === undefined || entry.expiresAtMs > Date.now()) return entry;
      tokens.delete(token);
      return undefined;
    },
    add(token: string, entry: Verified): void {
      const [oldest] = tokens.keys();
      if (tokens.size >= MOST_VERIFIED && oldest !== undefined) tokens.delete(oldest);
      tokens.set(token, entry);
    },
  };
}

/**
 * Verifies tokens against the issuer's keys. A client sends the same token with every request and checking
 * an ES256 signature costs 0.5 ms of CPU, a third of the gateway's work on a request; so a signature is
 * checked again only once its key has been fetched anew.
 */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { issuer = "symphony", audience = "symphony" } = options;
  const { getKey, prepare } =
    "getKey" in options ? { getKey: options.getKey, prepare: () => Promise.resolve() } : remoteKeys(options);
  const verified = createVerifiedTokens();

  async function hasSameKey({ header, key }: Verified): Promise<boolean> {
    try {
      return (await getKey(header, { payload: "", signature: "" })) === key;
    } catch {
      return false;
    }
  }

  return {
    prepare,
    async verify(token) {
      const known = verified.find(token);
      if (known !== undefined && (await hasSameKey(known))) return known.identity;
      try {
        const { payload, protectedHeader, key } = await jwtVerify(token, getKey, {
          issuer,
          audience,
          algorithms: [TOKEN_ALGORITHM],
          requiredClaims: ["exp", "sub"],
        });
        const { sub, email, groups } = claims.parse(payload);
        const isAdmin = groups.includes(ADMIN_GROUP);
        const identity = Object.freeze({ userId: sub, email, groups, isAdmin });
        const expiresAtMs = (payload.exp ?? 0) * 1_000;
        verified.add(token, { identity, expiresAtMs, header: protectedHeader, key });
        return identity;
      } catch (error) {
        throw error instanceof AppError ? error : tokenError(error);
      }
    },
  };
}
