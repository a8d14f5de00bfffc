import { service as definition } from "../../services/gateway/service";
import { startTestService, type TestService } from "./service";
import { json, startStubServer, type StubServer } from "./stub-server";
import { startTestIssuer, type TestIssuer } from "./tokens";

const names = [
  "user",
  "order",
  "inventory",
  "payment",
  "shipping",
  "notification",
  "audit",
  "analytics",
] as const;

export type TestAnswer = { status: number; headers: Headers; body: Record<string, unknown> };
export type TestCall = { method?: string; token?: string; headers?: Record<string, string>; body?: string };

export type TestGateway = {
  gateway: TestService;
  issuer: TestIssuer;
  stubs: Record<(typeof names)[number], StubServer>;
  /** One request; a body that is no JSON object comes as `{ text }`. */
  call(path: string, request?: TestCall): Promise<TestAnswer>;
  /** Makes every stub answer `200 {}` and forget what it saw. */
  reset(): void;
  stop(): Promise<void>;
};

/** The gateway with stubs for all of its neighbours, and without the limit per second. */
export async function startTestGateway(): Promise<TestGateway> {
  const issuer = await startTestIssuer();
  const servers = await Promise.all(names.map(async (name) => [name, await startStubServer()] as const));
  const gateway = await startTestService(definition, {
    // nothing here needs a broker
    NATS_URL: "nats://127.0.0.1:1",
    JWKS_URL: issuer.jwksUrl,
    PEER_DEADLINE_MS: "1500",
    ...Object.fromEntries(servers.map(([name, { url }]) => [`${name.toUpperCase()}_URL`, url])),
    RATE_CLIENT_PER_SECOND: "0",
  });
  return {
    gateway,
    issuer,
    stubs: Object.fromEntries(servers) as TestGateway["stubs"],
    async call(path, { method = "GET", token, headers = {}, body } = {}) {
      const response = await fetch(`${gateway.url}${path}`, {
        method,
        headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers },
        body: body ?? null,
      });
      const text = await response.text();
      return {
        status: response.status,
        headers: response.headers,
        body: text.startsWith("{") ? (JSON.parse(text) as Record<string, unknown>) : { text },
      };
    },
    reset() {
      for (const [, stub] of servers) {
        stub.answer(json(200, {}));
        stub.seen.length = 0;
      }
    },
    async stop() {
      await gateway.stop();
      await Promise.all([issuer.stop(), ...servers.map(([, stub]) => stub.stop())]);
    },
  };
}
