import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { v7 as uuidv7 } from "uuid";

import { startTestService, type TestService } from "../../test/support/service";
import { waitFor } from "../../test/support/wait-for";
import { service as definition } from "./service";
import { rotateKeys } from "./signing-keys";
import { listPublicKeys } from "./store";
import type { User } from "./user";

const admin = { email: "root@example.com", password: "the admin's password" };
// nothing here needs a broker
const environment = {
  NATS_URL: "nats://127.0.0.1:1",
  ADMIN_EMAIL: admin.email,
  ADMIN_PASSWORD: admin.password,
};

type Answer<T> = { status: number; body: T; headers: Headers };

// each account costs several password hashes, and the machine may be busy
jest.setTimeout(60_000);

let service: TestService;
beforeAll(async () => {
  service = await startTestService(definition, environment);
});
afterAll(() => service.stop());

async function call<T = Record<string, unknown>>(
  method: string,
  path: string,
  { body, token }: { body?: unknown; token?: string } = {},
): Promise<Answer<T>> {
  const response = await fetch(`${service.url}${path}`, {
    method,
    headers: {
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: body === undefined ? null : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as T, headers: response.headers };
}

const person = (over: object = {}) => ({
  email: `${uuidv7()}@example.com`,
  password: "long enough",
  name: "Ada",
  ...over,
});

async function login(credentials: { email: string; password: string }): Promise<string> {
  const { email, password } = credentials;
  const { status, body } = await call<{ token: string }>("POST", "/users/login", {
    body: { email, password },
  });
  expect(status).toBe(200);
  return body.token;
}

async function registered(over: object = {}): Promise<{ user: User; token: string; password: string }> {
  const body = person(over);
  const answer = await call<User>("POST", "/users", { body });
  expect(answer.status).toBe(201);
  return { user: answer.body, token: await login(body), password: body.password };
}

describe("accounts", () => {
  test("registering answers the account without its password, in user-group", async () => {
    const body = person({ email: ` ${uuidv7()}@EXAMPLE.com ` });
    const answer = await call<User>("POST", "/users", { body });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      id: expect.any(String),
      email: body.email.trim().toLowerCase(),
      name: "Ada",
      groups: ["user-group"],
      createdAt: expect.any(String),
    });
    expect(answer.headers.get("location")).toBe(`/users/${answer.body.id}`);
  });

  test("an address is registered once, whatever its case", async () => {
    const body = person();
    const answers = await Promise.all([
      call("POST", "/users", { body }),
      call("POST", "/users", { body: { ...body, email: body.email.toUpperCase() } }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({
      code: "user.email_taken",
      errors: [{ path: "email" }],
    });
  });

  test.each([
    ["a short password", person({ password: "short" }), "password"],
    ["no address", person({ email: undefined }), "email"],
    ["a group of one's own choice", person({ groups: ["admin-group"] }), "groups"],
  ])("%s is refused by name", async (_name, body, path) => {
    const answer = await call("POST", "/users", { body });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: "request.invalid", errors: [{ path }] });
  });

  test("me, the own id and a change; the new password counts, the old one does not", async () => {
    const { user, token, password } = await registered();
    expect((await call("GET", "/users/me", { token })).body).toEqual(user);
    expect((await call("GET", `/users/${user.id}`, { token })).body).toEqual(user);
    const change = { name: "Ada L.", password: "another password" };
    const changed = await call("PUT", `/users/${user.id}`, { token, body: change });
    expect(changed.body).toEqual({ ...user, name: "Ada L." });
    await login({ email: user.email, password: change.password });
    const old = await call("POST", "/users/login", { body: { email: user.email, password } });
    expect(old).toMatchObject({ status: 401, body: { code: "auth.bad_credentials" } });
  });

  test("an address that another account has cannot be taken by a change", async () => {
    const [one, other] = await Promise.all([registered(), registered()]);
    const answer = await call("PUT", `/users/${one.user.id}`, {
      token: one.token,
      body: { email: other.user.email },
    });
    expect(answer).toMatchObject({ status: 409, body: { code: "user.email_taken" } });
  });

  test("others may neither read nor change an account, and do not learn whether it exists", async () => {
    const [one, other] = await Promise.all([registered(), registered()]);
    for (const id of [other.user.id, uuidv7()]) {
      expect((await call("GET", `/users/${id}`, { token: one.token })).status).toBe(403);
      expect((await call("PUT", `/users/${id}`, { token: one.token, body: { name: "x" } })).status).toBe(403);
    }
    expect((await call("GET", "/users", { token: one.token })).status).toBe(403);
    expect((await call("GET", "/users/me")).status).toBe(401);
  });

  test("an administrator reads all accounts, page by page, each once", async () => {
    const { user } = await registered();
    const token = await login(admin);
    expect((await call("GET", `/users/${user.id}`, { token })).body).toEqual(user);
    expect((await call("GET", `/users/${uuidv7()}`, { token })).status).toBe(404);
    const seen: string[] = [];
    for (let cursor: string | null = ""; cursor !== null;) {
      const path: string = `/users?limit=2${cursor === "" ? "" : `&cursor=${cursor}`}`;
      const { body } = await call<{ items: User[]; nextCursor: string | null }>("GET", path, { token });
      expect(body.items.length).toBeLessThanOrEqual(2);
      seen.push(...body.items.map(({ id }) => id));
      cursor = body.nextCursor;
    }
    expect(seen).toContain(user.id);
    expect(new Set(seen).size).toBe(seen.length);
    expect((await call("GET", "/users?cursor=nonsense", { token })).body).toMatchObject({
      code: "request.invalid",
      errors: [{ path: "cursor" }],
    });
  });
});

describe("tokens", () => {
  test("say who, for whom and for how long, and are verified with the published keys", async () => {
    const { user, password } = await registered();
    const { body } = await call<{ token: string; expiresIn: number }>("POST", "/users/login", {
      body: { email: user.email, password },
    });
    const keys = createRemoteJWKSet(new URL(`${service.url}/.well-known/jwks.json`));
    const { payload, protectedHeader } = await jwtVerify(body.token, keys, {
      issuer: "symphony",
      audience: "symphony",
    });
    expect(protectedHeader).toMatchObject({ alg: "ES256", kid: expect.any(String) });
    expect(payload).toMatchObject({ sub: user.id, email: user.email, groups: ["user-group"] });
    expect(body.expiresIn).toBe(15 * 60);
    expect(payload.exp! - payload.iat!).toBe(15 * 60);
  });

  test("an unknown address and a wrong password get the same answer", async () => {
    const { user } = await registered();
    const answers = await Promise.all(
      [user.email, `${uuidv7()}@example.com`].map((email) =>
        call("POST", "/users/login", { body: { email, password: "wrong password" } }),
      ),
    );
    const [known, unknown] = answers.map(({ status, body }) => ({
      ...body,
      status,
      correlationId: undefined,
    }));
    expect(known).toEqual(unknown);
    expect(known).toMatchObject({ status: 401, code: "auth.bad_credentials" });
  });

  test("the key set is cacheable and holds no private part", async () => {
    const { body, headers } = await call<{ keys: Record<string, unknown>[] }>(
      "GET",
      "/.well-known/jwks.json",
    );
    expect(headers.get("cache-control")).toBe("public, max-age=60");
    expect(body.keys).toHaveLength(1);
    expect(Object.keys(body.keys[0]!).sort()).toEqual(["alg", "crv", "kid", "kty", "use", "x", "y"]);
  });
});

describe("the administrator", () => {
  test("is made at start, in both groups, and only once by several replicas", async () => {
    const replicas = await Promise.all([
      startTestService(definition, service.environment),
      startTestService(definition, service.environment),
    ]);
    await Promise.all(replicas.map((replica) => replica.stop()));
    expect(decodeJwt(await login(admin))["groups"]).toEqual(["user-group", "admin-group"]);
    const { rows } = await service.db.query("select id from users where email = $1", [admin.email]);
    expect(rows).toHaveLength(1);
  });

  test("takes over an account that somebody registered under the address before", async () => {
    const squatter = person();
    await call("POST", "/users", { body: squatter });
    const password = "what the operator set";
    const replica = await startTestService(definition, {
      ...service.environment,
      ADMIN_EMAIL: squatter.email,
      ADMIN_PASSWORD: password,
    });
    await replica.stop();
    const refused = await call("POST", "/users/login", {
      body: { email: squatter.email, password: squatter.password },
    });
    expect(refused.status).toBe(401);
    const groups = decodeJwt(await login({ email: squatter.email, password }))["groups"];
    expect(groups).toEqual(["user-group", "admin-group"]);
  });

  test("needs both variables", async () => {
    await expect(
      startTestService(definition, { ...service.environment, ADMIN_PASSWORD: "" }),
    ).rejects.toMatchObject({ problems: [{ name: "ADMIN_PASSWORD" }] });
  });
});

describe("key rotation", () => {
  const schedule = { tokenTtlMs: 1_000, rotationMs: 3_600_000, prepublishMs: 60_000 };

  test("a key is published before it signs, retires when its successor takes over, and is forgotten last", async () => {
    const replica = await startTestService(definition, {
      NATS_URL: environment.NATS_URL,
      TOKEN_TTL_MS: "1000",
    });
    const { db } = replica;
    try {
      const shift = (by: string) =>
        db.query(
          `update signing_keys set activates_at = activates_at - $1::interval, retires_at = retires_at - $1::interval`,
          [by],
        );
      const signer = async (): Promise<string | undefined> => {
        const email = `${uuidv7()}@example.com`;
        const post = (path: string, body: object) =>
          fetch(`${replica.url}${path}`, {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify(body),
          });
        await post("/users", { email, password: "long enough", name: "x" });
        const answer = (await (await post("/users/login", { email, password: "long enough" })).json()) as {
          token: string;
        };
        return decodeProtectedHeader(answer.token).kid;
      };
      const kids = async () => (await listPublicKeys(db)).map(({ kid }) => kid);

      const [first] = await kids();
      expect(await rotateKeys(db, schedule)).toEqual({ deleted: 0 });
      await shift("59 minutes 30 seconds");
      // several replicas find it is time, and one of them acts
      const results = await Promise.all(Array.from({ length: 5 }, () => rotateKeys(db, schedule)));
      expect(results.filter(({ created }) => created !== undefined)).toHaveLength(1);
      const second = results.find(({ created }) => created)?.created;
      expect(await kids()).toEqual([first, second]);
      expect(await signer()).toBe(first);

      await shift("61 seconds");
      expect(await signer()).toBe(second);
      expect(await rotateKeys(db, schedule)).toEqual({ deleted: 0 });
      expect(await kids()).toEqual([first, second]);

      await shift("2 minutes");
      expect(await rotateKeys(db, schedule)).toEqual({ deleted: 1 });
      expect(await kids()).toEqual([second]);
    } finally {
      await replica.stop();
    }
  });

  test("runs by itself", async () => {
    const replica = await startTestService(definition, {
      NATS_URL: environment.NATS_URL,
      KEY_ROTATION_MS: "300",
      KEY_PREPUBLISH_MS: "100",
    });
    try {
      const keys = await waitFor(async () => {
        const found = await listPublicKeys(replica.db);
        return found.length >= 3 && found;
      });
      expect(new Set(keys.map(({ kid }) => kid)).size).toBe(keys.length);
    } finally {
      await replica.stop();
    }
  });

  test("a replica verifies tokens that another one signed", async () => {
    const replica = await startTestService(definition, service.environment);
    try {
      const { token } = await registered();
      const answer = await fetch(`${replica.url}/users/me`, {
        headers: { authorization: `Bearer ${token}` },
      });
      expect(answer.status).toBe(200);
    } finally {
      await replica.stop();
    }
  });
});
