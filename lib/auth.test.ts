import { createTestKey, startTestIssuer, type TestIssuer } from "../test/support/tokens";
import { waitFor } from "../test/support/wait-for";
import { ADMIN_GROUP, createTokenVerifier, USER_GROUP } from "./auth";

let issuer: TestIssuer;
beforeEach(async () => {
  issuer = await startTestIssuer();
});
afterEach(() => issuer.stop());

test("a good token gives the identity, and the keys are fetched once", async () => {
  const tokens = createTokenVerifier({ jwksUrl: issuer.jwksUrl });
  const token = await issuer.sign({ sub: "u-1", email: "ada@example.com", groups: [USER_GROUP] });
  await expect(tokens.verify(token)).resolves.toEqual({
    userId: "u-1",
    email: "ada@example.com",
    groups: [USER_GROUP],
    isAdmin: false,
  });
  const admin = await tokens.verify(await issuer.sign({ groups: [USER_GROUP, ADMIN_GROUP] }));
  expect(admin.isAdmin).toBe(true);
  expect(issuer.fetches()).toBe(1);
});

test("keys that were fetched in advance are not fetched again", async () => {
  const tokens = createTokenVerifier({ jwksUrl: issuer.jwksUrl });
  await tokens.prepare();
  await tokens.prepare();
  await tokens.verify(await issuer.sign());
  expect(issuer.fetches()).toBe(1);
  await expect(createTokenVerifier({ jwksUrl: "http://127.0.0.1:9/keys" }).prepare()).rejects.toThrow();
});

test.each<[string, () => Promise<string>, string]>([
  ["expired", () => issuer.sign({}, { expiresIn: "-1s" }), "auth.token_expired"],
  ["from another issuer", () => issuer.sign({ iss: "elsewhere" }), "auth.token_invalid"],
  ["for another audience", () => issuer.sign({ aud: "elsewhere" }), "auth.token_invalid"],
  [
    "signed with a key of its own",
    async () => issuer.sign({}, { key: await createTestKey() }),
    "auth.token_invalid",
  ],
  ["without a subject", () => issuer.sign({ sub: "" }), "auth.token_invalid"],
  ["no token at all", async () => "nonsense", "auth.token_invalid"],
  ["unsigned", async () => unsigned(await issuer.sign()), "auth.token_invalid"],
  ["with a changed payload", async () => tampered(await issuer.sign()), "auth.token_invalid"],
])("a token %s is refused", async (_name, make, code) => {
  const tokens = createTokenVerifier({ jwksUrl: issuer.jwksUrl });
  await expect(tokens.verify(await make())).rejects.toMatchObject({ code, httpStatus: 401 });
});

function unsigned(token: string): string {
  const header = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url");
  return `${header}.${token.split(".")[1]}.`;
}

function tampered(token: string): string {
  const [header, payload = "", signature] = token.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as object;
  const forged = Buffer.from(JSON.stringify({ ...claims, groups: [ADMIN_GROUP] })).toString("base64url");
  return `${header}.${forged}.${signature}`;
}

test("a new key is fetched at once, and the old one is no longer accepted", async () => {
  const tokens = createTokenVerifier({ jwksUrl: issuer.jwksUrl, cooldownMs: 0 });
  const old = await issuer.sign();
  await tokens.verify(old);
  await issuer.rotate();
  await expect(tokens.verify(await issuer.sign())).resolves.toBeDefined();
  await expect(tokens.verify(old)).rejects.toMatchObject({ code: "auth.token_invalid" });
});

test("a token that was verified expires all the same", async () => {
  const tokens = createTokenVerifier({ jwksUrl: issuer.jwksUrl });
  const token = await issuer.sign({}, { expiresIn: "2s" });
  expect(await tokens.verify(token)).toBe(await tokens.verify(token));
  const refused = await waitFor(async () => {
    try {
      await tokens.verify(token);
      return false;
    } catch (error) {
      return error;
    }
  });
  expect(refused).toMatchObject({ code: "auth.token_expired" });
});

test("a flood of unknown keys costs one fetch", async () => {
  const tokens = createTokenVerifier({ jwksUrl: issuer.jwksUrl, cooldownMs: 60_000 });
  await tokens.verify(await issuer.sign());
  const key = await createTestKey();
  for (let count = 0; count < 5; count += 1) {
    await expect(tokens.verify(await issuer.sign({}, { key }))).rejects.toMatchObject({
      code: "auth.token_invalid",
    });
  }
  expect(issuer.fetches()).toBe(1);
});

test("the keys are renewed in the background", async () => {
  const tokens = createTokenVerifier({ jwksUrl: issuer.jwksUrl, refreshMs: 0 });
  const token = await issuer.sign();
  await tokens.verify(token);
  await waitFor(async () => (await tokens.verify(token)) && issuer.fetches() > 1, { what: "a second fetch" });
});

test("keys stay in use while the issuer is unreachable; without any, tokens cannot be verified", async () => {
  const warm = createTokenVerifier({ jwksUrl: issuer.jwksUrl, refreshMs: 0 });
  const cold = createTokenVerifier({ jwksUrl: issuer.jwksUrl });
  const token = await issuer.sign();
  await warm.verify(token);
  await issuer.stop();
  await expect(warm.verify(token)).resolves.toBeDefined();
  await expect(cold.verify(token)).rejects.toMatchObject({ code: "auth.keys_unavailable", httpStatus: 503 });
});
