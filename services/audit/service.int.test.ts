import { v7 as uuidv7 } from "uuid";

import { type EventName, eventNames } from "../../lib/events";
import { publishEvent, sampleEvent } from "../../test/support/events";
import { startTestService, type TestService } from "../../test/support/service";
import { waitFor } from "../../test/support/wait-for";
import { service } from "./service";
import { verifyChain } from "./verify";

jest.setTimeout(60_000);

let running: TestService;
let replica: TestService;

beforeAll(async () => {
  running = await startTestService(service);
  const { DATABASE_URL, NATS_URL } = running.environment;
  replica = await startTestService(service, { DATABASE_URL: DATABASE_URL!, NATS_URL: NATS_URL! });
  await running.bus.connection();
});

afterAll(async () => {
  await replica.stop();
  await running.stop();
});

type Page = { items: Record<string, unknown>[]; nextCursor: string | null };

async function get<T>(path: string): Promise<{ status: number; body: T }> {
  const response = await fetch(`${running.url}${path}`);
  return { status: response.status, body: (await response.json()) as T };
}

async function publishAll(events: { id: string; name: EventName; data: object; correlationId?: string }[]) {
  await Promise.all(
    events.map(({ id, name, data, correlationId = "a-conversation" }) =>
      publishEvent(running.environment.NATS_URL!, name, data, {
        id,
        headers: { "ce-correlationid": correlationId },
      }),
    ),
  );
}

const isRecorded = (ids: string[]) =>
  waitFor(
    async () => {
      const text = "select count(*) from audit_log where event_id = any($1::uuid[])";
      const { rows } = await running.db.query<{ count: number }>(text, [ids]);
      return rows[0]?.count === ids.length;
    },
    { what: "the record", timeoutMs: 20_000 },
  );

const someEvents = (count: number, names = eventNames) =>
  Array.from({ length: count }, (_, index) => {
    const name = names[index % names.length]!;
    return { id: uuidv7(), name, data: sampleEvent(name) };
  });

const verify = async () => (await get<Record<string, unknown>>("/audit/verify")).body;

test("every event is recorded, without personal and payment data", async () => {
  const order_id = uuidv7();
  const correlationId = uuidv7();
  const events = eventNames.map((name) => ({
    id: uuidv7(),
    name,
    data: sampleEvent(name, { order_id }),
    correlationId,
  }));
  await publishAll(events);
  await isRecorded(events.map((event) => event.id));
  const { body } = await get<Page>(`/audit?correlationId=${correlationId}`);
  expect(body.items.map((item) => item.name).sort()).toEqual([...eventNames].sort());
  const text = JSON.stringify(body);
  expect(text).not.toMatch(/ada@example.com|Ringstr|tok_ok/);
  expect(body.items[0]).toMatchObject({
    orderId: order_id,
    correlationId,
    hash: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  expect((await get<Page>(`/audit?orderId=${order_id}&correlationId=nobody`)).body.items).toEqual([]);
});

test("duplicates and a shuffle over two replicas make one chain with each event once", async () => {
  const events = someEvents(120);
  const before = (await verify()).checked as number;
  await publishAll([...events, ...[...events].reverse(), ...events.filter((_, index) => index % 3 === 0)]);
  await isRecorded(events.map((event) => event.id));
  expect(await verify()).toMatchObject({ valid: true, checked: before + events.length });
});

test("an event that the inbox has forgotten is not recorded again", async () => {
  const events = someEvents(2);
  const [again, fresh] = [events[0]!, someEvents(1)[0]!];
  await publishAll(events);
  await isRecorded(events.map((event) => event.id));
  await running.db.query("delete from inbox where message_id = $1", [again.id]);
  await publishAll([again, fresh]);
  await isRecorded([again.id, fresh.id]);
  await waitFor(async () => {
    const { rows } = await running.db.query("select from inbox where message_id = $1", [again.id]);
    return rows.length === 1;
  });
  expect(await verify()).toMatchObject({ valid: true });
});

test("text that Postgres cannot hold is recorded all the same, and a bad event does no harm", async () => {
  const odd = {
    id: uuidv7(),
    name: "payment.failed" as const,
    data: sampleEvent("payment.failed", { reason: "a\0b\ud800" }),
  };
  const bad = { id: uuidv7(), name: "payment.failed" as const, data: { order_id: "none" } };
  const good = someEvents(1)[0]!;
  await publishAll([bad, odd, good]);
  await isRecorded([odd.id, good.id]);
  expect(await verify()).toMatchObject({ valid: true });
});

test("pages in the order of the chain", async () => {
  const orderId = uuidv7();
  const events = Array.from({ length: 5 }, () => ({
    id: uuidv7(),
    name: "order.created" as const,
    data: sampleEvent("order.created", { order_id: orderId }),
  }));
  await publishAll(events);
  await isRecorded(events.map((event) => event.id));
  const seen: number[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const page: Page = (await get<Page>(`/audit?orderId=${orderId}&limit=2${cursor && `&cursor=${cursor}`}`))
      .body;
    seen.push(...page.items.map((item) => Number(item.seq)));
    cursor = page.nextCursor;
  }
  expect(seen).toHaveLength(5);
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
});

test.each(["limit=0", "limit=501", "cursor=x", "orderId=1", "who=me"])(
  "the query %j is refused",
  async (query) => {
    const { status, body } = await get<{ code: string; errors: object[] }>(`/audit?${query}`);
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: "request.invalid", errors: [{ path: query.split("=")[0] }] });
  },
);

test.each([
  "update audit_log set name = 'order.cancelled'",
  "delete from audit_log",
  "truncate audit_log",
  "delete from audit_head",
  "truncate audit_head",
])("%s is refused", async (statement) => {
  await expect(running.db.query(statement)).rejects.toThrow(/append-only: (update|delete|truncate) refused/);
});

describe("tampering, as a superuser who has disabled the triggers", () => {
  const rollBack = new Error("roll back");

  /** What `verify` finds after `statements`; nothing of it stays. Pages are small, so that they matter. */
  async function verifyAfter(...statements: string[]) {
    let found: Awaited<ReturnType<typeof verifyChain>> | undefined;
    const work = running.db.transaction(async (tx) => {
      await tx.query("lock table audit_head");
      await tx.query("alter table audit_log disable trigger all");
      await tx.query("alter table audit_head disable trigger all");
      for (const statement of statements) await tx.query(statement);
      found = await verifyChain(tx, 3);
      throw rollBack;
    });
    await expect(work).rejects.toBe(rollBack);
    return found!;
  }

  let last: number;
  beforeAll(async () => {
    const events = someEvents(10);
    await publishAll(events);
    await isRecorded(events.map((event) => event.id));
    last = (await verifyChain(running.db)).head.seq;
  });

  test("an untouched chain holds", async () => {
    const found = await verifyAfter();
    expect(found).toMatchObject({ valid: true, checked: last, head: { seq: last } });
    expect(found).not.toHaveProperty("brokenAt");
  });

  test.each<[string, string[], number, string]>([
    ["changed data", [`update audit_log set data = data || '{"amount": 1}' where seq = 5`], 5, "content"],
    ["a field put in", [`update audit_log set data = data || '{"x": null}' where seq = 4`], 4, "content"],
    ["another order", ["update audit_log set order_id = gen_random_uuid() where seq = 2"], 2, "content"],
    [
      "another time",
      ["update audit_log set occurred_at = occurred_at + interval '1 microsecond' where seq = 3"],
      3,
      "content",
    ],
    ["another event", ["update audit_log set event_id = gen_random_uuid() where seq = 7"], 7, "content"],
    ["a removed row", ["delete from audit_log where seq = 6"], 6, "missing"],
    ["a removed first row", ["delete from audit_log where seq = 1"], 1, "missing"],
    [
      "a removed row with the rest moved up",
      [
        "delete from audit_log where seq = 6",
        "update audit_log set seq = -(seq - 1) where seq > 6",
        "update audit_log set seq = -seq where seq < 0",
      ],
      6,
      "row before",
    ],
  ])("finds %s", async (_name, statements, brokenAt, reason) => {
    expect(await verifyAfter(...statements)).toMatchObject({
      valid: false,
      brokenAt,
      checked: brokenAt - 1,
      reason: expect.stringContaining(reason),
    });
  });

  test("finds a removed tail", async () => {
    const found = await verifyAfter(`delete from audit_log where seq > ${last - 2}`);
    expect(found).toMatchObject({
      valid: false,
      brokenAt: last - 1,
      checked: last - 2,
      reason: expect.stringContaining("missing"),
    });
  });

  test("finds a removed tail behind a head moved back", async () => {
    const found = await verifyAfter(
      `delete from audit_log where seq > ${last - 2}`,
      `update audit_head set seq = ${last - 2}`,
    );
    expect(found).toMatchObject({
      valid: false,
      brokenAt: last - 2,
      reason: expect.stringContaining("head"),
    });
  });

  test("finds a row behind the head", async () => {
    const found = await verifyAfter(
      `insert into audit_log select ${last + 1}, gen_random_uuid(), name, order_id, correlation_id, occurred_at,
         recorded_at, data, hash, hash from audit_log where seq = ${last}`,
    );
    expect(found).toMatchObject({
      valid: false,
      brokenAt: last + 1,
      reason: expect.stringContaining("behind the head"),
    });
  });
});

test("GET /audit/verify tells of a tampered row, and the chain holds again once it is put right", async () => {
  const change = (by: number) => `
    alter table audit_log disable trigger all;
    update audit_log set recorded_at = recorded_at + ${by} * interval '1 ms' where seq = 2;
    alter table audit_log enable trigger all;`;
  await running.db.query(change(1));
  expect(await verify()).toMatchObject({ valid: false, brokenAt: 2, checked: 1 });
  await running.db.query(change(-1));
  expect(await verify()).toMatchObject({
    valid: true,
    head: { hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
  });
});
