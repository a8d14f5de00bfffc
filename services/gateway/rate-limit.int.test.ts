import { pino } from "pino";
import { v7 as uuidv7 } from "uuid";

import { openDatabase } from "../../lib/db";
import { startTestService, type TestService } from "../../test/support/service";
import { json, startStubServer, type StubServer } from "../../test/support/stub-server";
import { startTestIssuer, type TestIssuer } from "../../test/support/tokens";
import { service as definition } from "./service";
import { countRequest, deleteOldCounters } from "./store";
import { createWindowLimiter } from "./window-limiter";

const names = ["user", "order", "inventory", "payment", "shipping", "notification", "audit", "analytics"];

let issuer: TestIssuer;
let stub: StubServer;
let gateway: TestService;
let environment: Record<string, string>;

beforeAll(async () => {
  [issuer, stub] = await Promise.all([startTestIssuer(), startStubServer()]);
  environment = {
    NATS_URL: "nats://127.0.0.1:1",
    JWKS_URL: issuer.jwksUrl,
    ...Object.fromEntries(names.map((name) => [`${name.toUpperCase()}_URL`, stub.url])),
    RATE_CLIENT_PER_SECOND: "0",
    TRUSTED_PROXY_HOPS: "1",
  };
  gateway = await startTestService(definition, {
    ...environment,
    RATE_ORDERS_PER_MINUTE: "3",
    RATE_ORDERS_PER_HOUR: "5",
    RATE_INVENTORY_PER_MINUTE: "2",
    RATE_LOGIN_PER_MINUTE: "2",
  });
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all([issuer.stop(), stub.stop()]);
});

type Call = { method?: string; token?: string; from?: string; at?: string };

async function call(path: string, { method = "GET", token, from = uuidv7(), at = gateway.url }: Call = {}) {
  const response = await fetch(`${at}${path}`, {
    method,
    headers: { "x-forwarded-for": from, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as { code?: string },
  };
}

test("a route's minute: headers on successes, then 429 with Retry-After and a problem document", async () => {
  const from = "192.0.2.1";
  const first = await call("/api/inventory", { from });
  expect(first.status).toBe(200);
  expect(first.headers.get("ratelimit-policy")).toBe('"minute";q=2;w=60');
  expect(first.headers.get("ratelimit")).toMatch(/^"minute";r=1;t=(60|59)$/);
  expect((await call("/api/inventory", { from })).headers.get("ratelimit")).toMatch(/^"minute";r=0;t=\d+$/);
  const asked = stub.seen.length;
  for (let index = 0; index < 3; index++) {
    const refused = await call("/api/inventory", { from });
    expect(refused).toMatchObject({ status: 429, body: { code: "rate.limited" } });
    expect(refused.headers.get("content-type")).toMatch("application/problem+json");
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(refused.headers.get("ratelimit")).toMatch(/^"minute";r=0;t=\d+$/);
  }
  expect(stub.seen).toHaveLength(asked);
});

test("clients are counted apart: by token subject, else by address, whatever a client claims", async () => {
  const [ada, bob] = await Promise.all([issuer.sign({ sub: uuidv7() }), issuer.sign({ sub: uuidv7() })]);
  const from = "192.0.2.2";
  for (const token of [ada, bob, undefined]) {
    for (const expected of [200, 200, 429]) {
      const call_ = { from, ...(token !== undefined && { token }) };
      expect((await call("/api/inventory", call_)).status).toBe(expected);
    }
  }
  expect((await call("/api/inventory", { from: `203.0.113.9, ${from}` })).status).toBe(429);
  expect((await call("/api/inventory", { token: ada, from: "192.0.2.3" })).status).toBe(429);
});

test("logins are counted by address, also with a token", async () => {
  const from = "192.0.2.4";
  expect((await call("/api/users", { method: "POST", from })).status).toBe(200);
  expect((await call("/api/users/login", { method: "POST", from })).status).toBe(200);
  const token = await issuer.sign();
  expect((await call("/api/users/login", { method: "POST", from, token })).status).toBe(429);
  expect((await call("/api/users/me", { from, token })).status).toBe(200);
});

test("orders have a minute and an hour", async () => {
  const token = await issuer.sign();
  const answers = [];
  for (let index = 0; index < 4; index++) answers.push(await call("/api/orders", { token }));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
  expect(answers[0]?.headers.get("ratelimit-policy")).toBe('"minute";q=3;w=60, "hour";q=5;w=3600');
  expect(answers[0]?.headers.get("ratelimit")).toMatch(/^"minute";r=2;t=\d+, "hour";r=4;t=\d+$/);
});

test("replicas share the counters", async () => {
  const replica = await startTestService(definition, gateway.environment);
  try {
    const from = "192.0.2.5";
    const statuses = [];
    for (const at of [gateway.url, replica.url, gateway.url, replica.url]) {
      statuses.push((await call("/api/inventory", { from, at })).status);
    }
    expect(statuses).toEqual([200, 200, 429, 429]);
  } finally {
    await replica.stop();
  }
});

test("no request counts twice or not at all when many come at once", async () => {
  const from = "192.0.2.6";
  const answers = await Promise.all(Array.from({ length: 20 }, () => call("/api/inventory", { from })));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
});

test("a burst of ten passes, more does not; probes have no limit", async () => {
  const replica = await startTestService(definition, { ...environment, RATE_CLIENT_PER_SECOND: "1" });
  try {
    const from = "192.0.2.7";
    const answers = await Promise.all(
      Array.from({ length: 15 }, () => call("/api/payments", { from, at: replica.url })),
    );
    const count = (status: number) => answers.filter((answer) => answer.status === status).length;
    // the rate is 1 a second here: a slow machine may let one or two more through
    expect(count(404)).toBeGreaterThanOrEqual(10);
    expect(count(404)).toBeLessThan(15);
    expect(count(404) + count(429)).toBe(15);
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.headers.get("retry-after")).toBe("1");
    expect(refused?.headers.get("ratelimit-policy")).toBe('"second";q=1;w=1');
    const probes = await Promise.all(
      ["/livez", "/readyz", "/health"].flatMap((path) =>
        Array.from({ length: 15 }, () => fetch(replica.url + path)),
      ),
    );
    expect(new Set(probes.map(({ status }) => status))).toEqual(new Set([200]));
    await Promise.all(probes.map((probe) => probe.text()));
  } finally {
    await replica.stop();
  }
});

describe("the counters", () => {
  const limits = { perMinute: 2, perHour: 3 };
  const age = (client: string, by: string) =>
    gateway.db.query(
      `update rate_limits set minute_ends_at = minute_ends_at - $2::interval, hour_ends_at = hour_ends_at - $2::interval
       where client = $1`,
      [client, by],
    );
  const used = async (client: string) => {
    const { minuteUsed, hourUsed } = await countRequest(gateway.db, { client, route: "orders" }, limits);
    return [minuteUsed, hourUsed];
  };

  test("what the minute refuses uses nothing of the hour; each window begins anew", async () => {
    const client = uuidv7();
    expect(await used(client)).toEqual([1, 1]);
    expect(await used(client)).toEqual([2, 2]);
    expect(await used(client)).toEqual([3, 2]);
    expect(await used(client)).toEqual([3, 2]);
    await age(client, "61 seconds");
    expect(await used(client)).toEqual([1, 3]);
    expect(await used(client)).toEqual([2, 4]);
    await age(client, "1 hour");
    expect(await used(client)).toEqual([1, 1]);
  });

  test("old ones are deleted, current ones are not", async () => {
    const [old, current] = [uuidv7(), uuidv7()];
    await used(old);
    await used(current);
    await age(old, "61 minutes");
    await deleteOldCounters(gateway.db);
    const { rows } = await gateway.db.query("select client from rate_limits where client = any($1)", [
      [old, current],
    ]);
    expect(rows).toEqual([{ client: current }]);
  });

  test("a database that is down is replaced by counting in memory", async () => {
    const log = pino({ level: "silent" });
    const db = openDatabase({ url: "postgres://nobody@127.0.0.1:1/none", size: 1, log });
    const limiter = createWindowLimiter({ db, log });
    try {
      const exceeded = [];
      for (let index = 0; index < 4; index++) {
        const quotas = await limiter.count("client", { route: "orders", ...limits });
        exceeded.push(quotas.map((quota) => `${quota.name} ${quota.remaining} ${quota.exceeded}`));
      }
      expect(exceeded).toEqual([
        ["minute 1 false", "hour 2 false"],
        ["minute 0 false", "hour 1 false"],
        ["minute 0 true", "hour 1 false"],
        ["minute 0 true", "hour 1 false"],
      ]);
    } finally {
      await limiter.stop();
      await db.close();
    }
  });
});

describe("/health", () => {
  test("tells each of the nine services' state", async () => {
    const down = await startStubServer();
    await down.stop();
    const degraded = await startStubServer();
    degraded.answer(json(200, { status: "ready", checks: { database: "up", broker: "down" } }));
    const replica = await startTestService(definition, {
      ...environment,
      PAYMENT_URL: down.url,
      AUDIT_URL: degraded.url,
    });
    try {
      const response = await fetch(`${replica.url}/health`);
      expect(response.status).toBe(200);
      const health = (await response.json()) as {
        status: string;
        services: Record<string, { status: string }>;
      };
      expect(health.status).toBe("degraded");
      expect(Object.keys(health.services).sort()).toEqual([...names, "gateway"].sort());
      expect(health.services).toMatchObject({
        order: { status: "ok", latencyMs: expect.any(Number) },
        payment: { status: "down" },
        audit: { status: "degraded" },
        // its broker is not there
        gateway: { status: "degraded" },
      });
    } finally {
      await replica.stop();
      await degraded.stop();
    }
  });
});

test("circuit_breaker_state is the sidecar's, and unknown while that does not answer", async () => {
  const sidecar = await startStubServer();
  sidecar.answer((_request, response) => {
    const cluster = "cluster.outbound|8080||order.symphony.svc.cluster.local";
    response.end(`${cluster}.membership_total: 1\n${cluster}.outlier_detection.ejections_active: 1\n`);
  });
  const replica = await startTestService(definition, {
    ...environment,
    SIDECAR_STATS_URL: `${sidecar.url}/stats`,
  });
  const metrics = async () => (await fetch(`${replica.url}/metrics`)).text();
  try {
    expect(await metrics()).toContain('circuit_breaker_state{service="order"} 2');
    expect(await metrics()).toContain('circuit_breaker_state{service="payment"} 0');
    expect(sidecar.seen[0]?.url).toMatch(/^\/stats\?filter=/);
    await sidecar.stop();
    expect(await metrics()).not.toContain("circuit_breaker_state{");
  } finally {
    await replica.stop();
  }
});
