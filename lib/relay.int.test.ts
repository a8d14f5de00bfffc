import { v7 as uuidv7 } from "uuid";

import { collectEvents, type EventCollector, sampleEvent } from "../test/support/events";
import { type Spine, startSpine } from "../test/support/spine";
import { waitFor } from "../test/support/wait-for";
import { runInContext } from "./context";
import { eventType } from "./events";
import { enqueue } from "./outbox";
import { claimDue, firstIdOf, outboxState, purgeOutbox } from "./outbox-store";
import { startRelay } from "./relay";
import { replayOutbox } from "./replay";

let spine: Spine;
let collector: EventCollector;

beforeEach(async () => {
  spine = await startSpine();
  collector = spine.after(await collectEvents(spine.nats.url));
});
afterEach(() => spine.close());

function relay(overrides: { backoffUnitMs?: number } = {}) {
  const { db, bus, log } = spine;
  return spine.after(startRelay({ db, bus, log, metrics: spine.metrics(), pollMs: 50, ...overrides }));
}

/** Writes one event as a service does; returns its order. */
async function write(orderId = uuidv7(), quantity = 1): Promise<string> {
  await spine.db.transaction(async (tx) =>
    enqueue(tx, "inventory.released", sampleEvent("inventory.released", { order_id: orderId, quantity })),
  );
  return orderId;
}

function orders(): unknown[] {
  return collector.events.map((event) => event.data.order_id);
}

async function statuses(): Promise<string[]> {
  const { rows } = await spine.db.query<{ status: string }>("select status from outbox order by seq", []);
  return rows.map((row) => row.status);
}

const allPublished = async (): Promise<boolean> =>
  (await statuses()).every((status) => status === "published");

test("an event carries its row: id, type, source, time, correlation id and bytes", async () => {
  relay();
  const data = sampleEvent("order.cancelled");
  await runInContext({ correlationId: "c-1" }, () =>
    spine.db.transaction(async (tx) => enqueue(tx, "order.cancelled", data)),
  );
  const event = await waitFor(() => collector.events[0]);
  const { rows } = await spine.db.query<{ id: string; occurred_at: Date }>(
    "select id, occurred_at from outbox",
    [],
  );
  const [row] = rows;
  expect(event).toEqual({
    name: "order.cancelled",
    data,
    headers: {
      "Nats-Msg-Id": row?.id,
      "ce-specversion": "1.0",
      "ce-id": row?.id,
      "ce-source": "/symphony/order",
      "ce-type": "symphony.order.cancelled.v1",
      "ce-time": row?.occurred_at.toISOString(),
      "ce-subject": data.order_id,
      "ce-datacontenttype": "application/json",
      "ce-correlationid": "c-1",
    },
  });
});

test("a transaction that is rolled back sends nothing", async () => {
  relay();
  const failing = spine.db.transaction(async (tx) => {
    enqueue(tx, "order.cancelled", sampleEvent("order.cancelled"));
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  const kept = await write();
  await waitFor(() => collector.events.length > 0);
  expect(orders()).toEqual([kept]);
});

test("what a process wrote and did not publish before it died is sent by the next one", async () => {
  const written = [await write(), await write()];
  // Died between claim and publish: the claim runs out.
  expect(await claimDue(spine.db, 1, 300)).toHaveLength(1);
  relay();
  await waitFor(allPublished);
  await waitFor(() => collector.events.length === 2);
  expect(new Set(orders())).toEqual(new Set(written));
});

test("a slow transaction with an earlier number is not skipped", async () => {
  relay();
  const slow = uuidv7();
  let later = "";
  await spine.db.transaction(async (tx) => {
    // Written by hand: enqueue() would take its number only right before the commit.
    await tx.query(
      `insert into outbox (id, aggregate_id, subject, type, data, correlation_id, occurred_at)
       values ($1, $2, 'inventory.released', $3, $4, 'slow', now())`,
      [
        uuidv7(),
        slow,
        eventType("inventory.released"),
        JSON.stringify(sampleEvent("inventory.released", { order_id: slow })),
      ],
    );
    later = await write();
    await waitFor(() => orders().includes(later));
    expect(orders()).toEqual([later]);
  });
  await waitFor(() => orders().includes(slow));
  const { rows } = await spine.db.query<{ aggregate_id: string }>(
    "select aggregate_id from outbox order by seq",
    [],
  );
  expect(rows.map((row) => row.aggregate_id)).toEqual([slow, later]);
});

test("two relays share the work, keep the order of each aggregate and send nothing twice", async () => {
  const aggregates = Array.from({ length: 12 }, () => uuidv7());
  const { log } = spine;
  relay();
  const other = { db: spine.openDatabase(), bus: spine.connectBus() };
  await other.bus.connection();
  spine.after(startRelay({ ...other, log, metrics: spine.metrics(), pollMs: 50 }));
  const perAggregate = 40;
  // Events of the same aggregate one after the other, as its row's lock makes them in a service.
  await Promise.all(
    aggregates.map(async (aggregate) => {
      for (let quantity = 1; quantity <= perAggregate; quantity += 1) await write(aggregate, quantity);
    }),
  );
  await waitFor(allPublished);
  await waitFor(() => collector.events.length >= aggregates.length * perAggregate);
  expect(new Set(collector.events.map((event) => event.headers["ce-id"])).size).toBe(collector.events.length);
  for (const aggregate of aggregates) {
    const sent = collector.events.filter((event) => event.data.order_id === aggregate);
    expect(sent.map((event) => event.data.quantity)).toEqual(
      Array.from({ length: perAggregate }, (_, i) => i + 1),
    );
  }
});

test("a row waits for an earlier one of its aggregate that another relay holds", async () => {
  const aggregate = await write();
  await write(aggregate, 2);
  expect(await claimDue(spine.db, 1, 60_000)).toMatchObject([{ aggregate_id: aggregate }]);
  const other = await write();
  expect(await claimDue(spine.db, 10, 60_000)).toMatchObject([{ aggregate_id: other }]);
});

test("a broker that is down fails no write, and everything is sent once it is back", async () => {
  relay();
  await spine.nats.kill();
  await waitFor(() => !spine.bus.connected());
  const written = [await write(), await write(), await write()];
  expect(await outboxState(spine.db)).toMatchObject({ pending: 3, parked: 0 });
  await spine.nats.restart();
  await waitFor(allPublished, { timeoutMs: 20_000 });
  await waitFor(() => collector.events.length >= 3);
  expect(new Set(orders())).toEqual(new Set(written));
});

test.each([
  { problem: "too large", column: "data = repeat('x', 2000000)", reason: /max_payload|maximum payload/i },
  { problem: "a subject that no stream takes", column: "subject = 'nowhere.to'", reason: /no stream takes/ },
])(
  "a row that the broker refuses ($problem) is parked after five attempts; others pass",
  async ({ column, reason }) => {
    const poison = await write();
    await spine.db.query(`update outbox set ${column}`);
    const others = [await write(), await write()];
    relay({ backoffUnitMs: 5 });
    await waitFor(() => collector.events.length === 2);
    expect(new Set(orders())).toEqual(new Set(others));
    await waitFor(async () => (await outboxState(spine.db)).parked === 1);
    const { rows } = await spine.db.query<{ aggregate_id: string; attempts: number; last_error: string }>(
      "select aggregate_id, attempts, last_error from outbox where status = 'parked'",
      [],
    );
    expect(rows).toEqual([{ aggregate_id: poison, attempts: 5, last_error: expect.stringMatching(reason) }]);
  },
);

test("after the broker lost its data a replay sends what was written since, with the same ids", async () => {
  relay();
  const early = await write();
  await waitFor(allPublished);
  await spine.db.query(`update outbox set id = '${firstIdOf(new Date(Date.now() - 60_000))}'`);
  const late = [await write(), await write()];
  await waitFor(allPublished);
  const ids = collector.events.slice(1).map((event) => event.headers["ce-id"]);
  await collector.stop();
  await spine.nats.restart({ empty: true });
  await waitFor(() => spine.bus.connected(), { timeoutMs: 20_000 });
  expect(await replayOutbox(spine.db, new Date(Date.now() - 30_000))).toBe(2);
  await waitFor(allPublished);
  const again = spine.after(await collectEvents(spine.nats.url));
  await waitFor(() => again.events.length === 2);
  expect(again.events.map((event) => event.headers["ce-id"])).toEqual(ids);
  expect(again.events.map((event) => event.data.order_id)).toEqual(late);
  expect(late).not.toContain(early);
});

test("a stop sends what is committed", async () => {
  const stopped = relay();
  const written = await Promise.all(Array.from({ length: 20 }, () => write()));
  await stopped.stop();
  expect(await allPublished()).toBe(true);
  await waitFor(() => collector.events.length === written.length);
});

test("only rows that were published long ago are purged", async () => {
  const [old, recent] = [new Date(Date.now() - 3_600_000), new Date()];
  for (const [id, status, publishedAt] of [
    [firstIdOf(old), "published", old],
    [firstIdOf(new Date(old.getTime() + 1)), "published", recent],
    [firstIdOf(new Date(old.getTime() + 2)), "pending", null],
    [firstIdOf(recent), "published", recent],
  ]) {
    await spine.db.query(
      `insert into outbox (id, aggregate_id, subject, type, data, correlation_id, occurred_at, status, published_at)
       values ($1, $1, 'order.cancelled', 't', '{}', 'c', now(), $2, $3)`,
      [id, status, publishedAt],
    );
  }
  expect(await purgeOutbox(spine.db, new Date(Date.now() - 60_000), 100)).toBe(1);
  expect(await statuses()).toHaveLength(3);
});

test("the gauges tell depth and age, and a scrape without a database does not fail", async () => {
  const { bus, log } = spine;
  const db = spine.openDatabase();
  const metrics = spine.metrics();
  const running = startRelay({ db, bus, log, metrics });
  await running.stop();
  await write();
  await db.query("update outbox set occurred_at = now() - interval '1 minute'", []);
  const before = await metrics.registry.metrics();
  expect(before).toMatch(/outbox_pending_events\{[^}]*\} 1\n/);
  expect(before).toMatch(/outbox_oldest_pending_seconds\{[^}]*\} 6\d/);
  expect(before).toMatch(/outbox_parked_events\{[^}]*\} 0\n/);
  await db.close();
  expect(await metrics.registry.metrics()).toMatch(/outbox_pending_events\{[^}]*\} NaN\n/i);
});
