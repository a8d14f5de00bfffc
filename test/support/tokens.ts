import { exportJWK, generateKeyPair, type JWK, type KeyLike, SignJWT } from "jose";
import { v7 as uuidv7 } from "uuid";

import { TOKEN_ALGORITHM, USER_GROUP } from "../../lib/auth";
import { listenHttp } from "../../lib/http-listen";

export type TestKey = { kid: string; privateKey: KeyLike; jwk: JWK };

export type TestIssuer = {
  jwksUrl: string;
  /** How often the key set was fetched. */
  fetches(): number;
  /** A token of a user of `user-group`, good for 5 minutes; `key` may be one that is not published. */
  sign(
    claims?: { sub?: string; email?: string; groups?: string[]; iss?: string; aud?: string },
    options?: { expiresIn?: string; key?: TestKey },
  ): Promise<string>;
  /** Replaces the published keys by a new one, which also signs from now on. */
  rotate(): Promise<TestKey>;
  stop(): Promise<void>;
};

/** A key pair that no issuer publishes, unless it is given to one. */
export async function createTestKey(kid: string = uuidv7()): Promise<TestKey> {
  const { privateKey, publicKey } = await generateKeyPair(TOKEN_ALGORITHM);
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: TOKEN_ALGORITHM, use: "sig" } };
}

/** An issuer of tokens with its key set on a free port. */
export async function startTestIssuer(): Promise<TestIssuer> {
  let current = await createTestKey();
  let fetched = 0;
  const server = await listenHttp(
    (_request, response) => {
      fetched += 1;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ keys: [current.jwk] }));
    },
    { host: "127.0.0.1", port: 0 },
  );
  return {
    jwksUrl: `${server.url}/.well-known/jwks.json`,
    fetches: () => fetched,
    sign({ sub = uuidv7(), email = "ada@example.com", groups = [USER_GROUP], iss, aud } = {}, options = {}) {
      const { key = current, expiresIn = "5m" } = options;
      return new SignJWT({ email, groups })
        .setProtectedHeader({ alg: TOKEN_ALGORITHM, kid: key.kid })
        .setSubject(sub)
        .setIssuer(iss ?? "symphony")
        .setAudience(aud ?? "symphony")
        .setIssuedAt()
        .setExpirationTime(expiresIn)
        .sign(key.privateKey);
    },
    async rotate() {
      current = await createTestKey();
      return current;
    },
    stop: () => server.close(0),
  };
}
