import { decodeProtectedHeader } from "jose";
import { v7 as uuidv7 } from "uuid";

import { service as gatewayService } from "../services/gateway/service";
import { service as userService } from "../services/user/service";
import { startTestService, type TestService } from "./support/service";
import { startStubServer, type StubServer } from "./support/stub-server";
import { waitFor } from "./support/wait-for";

let user: TestService;
let gateway: TestService;
let other: StubServer;

beforeAll(async () => {
  // neither needs the broker
  const NATS_URL = "nats://127.0.0.1:1";
  other = await startStubServer();
  user = await startTestService(userService, {
    NATS_URL,
    KEY_ROTATION_MS: "3000",
    KEY_PREPUBLISH_MS: "1500",
  });
  const names = ["order", "inventory", "payment", "shipping", "notification", "audit", "analytics"];
  gateway = await startTestService(gatewayService, {
    NATS_URL,
    USER_URL: user.url,
    JWKS_URL: `${user.url}/.well-known/jwks.json`,
    ...Object.fromEntries(names.map((name) => [`${name.toUpperCase()}_URL`, other.url])),
    RATE_LOGIN_PER_MINUTE: "0",
  });
});
afterAll(async () => {
  await gateway.stop();
  await user.stop();
  await other.stop();
});

async function post(path: string, body: unknown): Promise<Response> {
  return fetch(`${gateway.url}/api${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

const credentials = { email: `${uuidv7()}@example.com`, password: "long enough" };

async function login(): Promise<string> {
  const { token } = (await (await post("/users/login", credentials)).json()) as { token: string };
  return token;
}

async function me(token: string): Promise<number> {
  const response = await fetch(`${gateway.url}/api/users/me`, {
    headers: { authorization: `Bearer ${token}` },
  });
  await response.text();
  return response.status;
}

test("a user registers, logs in and reads the own account through the gateway", async () => {
  const registered = await post("/users", { ...credentials, name: "Ada" });
  expect(registered.status).toBe(201);
  const { id } = (await registered.json()) as { id: string };
  expect(registered.headers.get("location")).toBe(`/api/users/${id}`);
  const response = await fetch(`${gateway.url}/api/users/me`, {
    headers: { authorization: `Bearer ${await login()}` },
  });
  expect(await response.json()).toMatchObject({ id, email: credentials.email });
  const bad = await post("/users", { ...credentials, password: "short", name: "Ada" });
  expect(await bad.json()).toMatchObject({ code: "request.invalid", errors: [{ path: "password" }] });
});

test("keys change under way: tokens of the old and of the new key pass, none is refused in between", async () => {
  const first = await login();
  const kid = decodeProtectedHeader(first).kid;
  const statuses = new Set<number>();
  const second = await waitFor(
    async () => {
      const token = await login();
      statuses.add(await me(token));
      return decodeProtectedHeader(token).kid !== kid && token;
    },
    { what: "a token of the next key", timeoutMs: 15_000 },
  );
  statuses.add(await me(second));
  statuses.add(await me(first));
  expect(statuses).toEqual(new Set([200]));
}, 30_000);

test("the outer document has the user service's routes, and not its key set", async () => {
  const document = (await (await fetch(`${gateway.url}/openapi.json`)).json()) as { paths: object };
  expect(Object.keys(document.paths)).toEqual(
    expect.arrayContaining(["/api/users", "/api/users/login", "/api/users/me", "/api/users/{userId}"]),
  );
  expect(Object.keys(document.paths)).not.toContain("/.well-known/jwks.json");
});
