import { v7 as uuidv7 } from "uuid";

import { publishEvent, sampleEvent } from "../../test/support/events";
import { startTestService, type TestService } from "../../test/support/service";
import { waitFor } from "../../test/support/wait-for";
import { type CountedEvent } from "./projection";
import { service } from "./service";

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

type Published = CountedEvent & { id: string };
type Totals = {
  orders: { total: number; byPattern: Record<string, number> };
  confirmed: { total: number; durationMs: object | null };
  failed: { total: number; byReason: Record<string, number> };
  revenue: { currency: string; amountCents: number }[];
};
type Rebuild = { id: string; status: string; eventsRead: number; error: string | null };

async function request<T>(path: string, method = "GET"): Promise<{ status: number; body: T }> {
  const response = await fetch(`${running.url}${path}`, { method });
  return { status: response.status, body: (await response.json()) as T };
}

/** Each test has an hour of its own, so that tests do not count each other's events. */
let hours = 0;
const nextHour = () => new Date(Date.UTC(2026, 0, 1, (hours += 1))).getTime();
const at = (hour: number, seconds = 0) => new Date(hour + seconds * 1000).toISOString();
const rangeOf = (hour: number) => `from=${at(hour)}&to=${at(hour, 3600)}`;

const summaryOf = async (hour: number) => (await request<Totals>(`/analytics/summary?${rangeOf(hour)}`)).body;
const minutesOf = async (hour: number) =>
  (await request<{ items: unknown[] }>(`/analytics/minutes?${rangeOf(hour)}`)).body.items;

const created = (time: string): Published => ({
  id: uuidv7(),
  name: "order.created",
  data: sampleEvent("order.created", { timestamp: time }),
});
const completed = (time: string, duration_ms = 42): Published => ({
  id: uuidv7(),
  name: "saga.completed",
  data: sampleEvent("saga.completed", { completed_at: time, duration_ms, amount: 1_000 }),
});
const failed = (time: string, reason: string): Published => ({
  id: uuidv7(),
  name: "saga.failed",
  data: sampleEvent("saga.failed", { failed_at: time, reason }),
});

const publish = ({ id, name, data }: Published) =>
  publishEvent(running.environment.NATS_URL!, name, data, { id });
const publishAll = (events: Published[]) => Promise.all(events.map(publish));

const areTaken = (events: Published[]) =>
  waitFor(
    async () => {
      const { rows } = await running.db.query<{ count: number }>(
        "select count(*) from inbox where message_id = any($1::uuid[])",
        [events.map((event) => event.id)],
      );
      return rows[0]?.count === events.length;
    },
    { what: "the events' effect", timeoutMs: 20_000 },
  );

async function rebuild(): Promise<Rebuild> {
  const { status, body } = await request<Rebuild>("/analytics/rebuild", "POST");
  expect(status).toBe(202);
  return waitForEnd(body.id);
}

const waitForEnd = (id: string) =>
  waitFor(
    async () => {
      const { body } = await request<Rebuild>(`/analytics/rebuilds/${id}`);
      return body.status !== "running" && body;
    },
    { what: "the rebuild's end", timeoutMs: 30_000 },
  );

/** Three minutes of orders: 40 created, 30 confirmed, 10 failed for two reasons. */
function someOrders(hour: number): Published[] {
  return Array.from({ length: 40 }, (_, index) => index).flatMap((index) => {
    const time = at(hour, index * 4);
    if (index % 4 !== 3) return [created(time), completed(time, index * 25)];
    return [created(time), failed(time, index % 8 === 3 ? "payment.declined: no" : "a surprise")];
  });
}
const totalsOfSomeOrders = {
  orders: { total: 40, byPattern: { saga: 40 } },
  confirmed: { total: 30, byPattern: { saga: 30 } },
  failed: { total: 10, byReason: { "payment.declined": 5, other: 5 } },
  revenue: [{ currency: "EUR", amountCents: 30_000 }],
};

test("duplicates and a shuffle over two replicas count each event once", async () => {
  const hour = nextHour();
  const events = someOrders(hour);
  await publishAll([...events, ...[...events].reverse(), ...events.filter((_, index) => index % 3 === 0)]);
  await areTaken(events);
  expect(await summaryOf(hour)).toMatchObject(totalsOfSomeOrders);
  const minutes = await minutesOf(hour);
  expect(minutes).toHaveLength(3);
  expect(minutes[0]).toMatchObject({ minute: at(hour), orders: { total: 15 } });
});

test("percentiles of minutes merge into those of the whole time", async () => {
  const hour = nextHour();
  const events = Array.from({ length: 100 }, (_, index) => completed(at(hour, index * 6), index + 1));
  await publishAll(events);
  await areTaken(events);
  expect((await summaryOf(hour)).confirmed).toMatchObject({
    total: 100,
    durationMs: { p50: 50, p95: 95, p99: 99 },
  });
});

test("a rebuild gives what was counted live, and puts right what was not", async () => {
  const hour = nextHour();
  const events = someOrders(hour);
  await publishAll(events);
  // In the stream, and a dead letter for the live consumer.
  await publishEvent(running.environment.NATS_URL!, "order.created", { order_id: "none" });
  await areTaken(events);
  const [summary, minutes] = [await summaryOf(hour), await minutesOf(hour)];
  await running.db.query("update order_minutes set created = '{\"saga\": 7}', revenue = '{}'");
  await running.db.query("delete from order_minutes where minute = $1", [at(hour, 60)]);
  expect(await summaryOf(hour)).not.toEqual(summary);

  expect(await rebuild()).toMatchObject({ status: "done", error: null });
  expect(await summaryOf(hour)).toEqual(summary);
  expect(await minutesOf(hour)).toEqual(minutes);
  const left = await running.db.query("select from rebuild_events union all select from counted_events", []);
  expect(left.rows).toEqual([]);
  const { rows } = await running.db.query<{ count: number }>(
    "select count(distinct generation) from order_minutes",
    [],
  );
  expect(rows).toEqual([{ count: 1 }]);
});

test("events that arrive during rebuilds count once", async () => {
  const hour = nextHour();
  const events: Published[] = [];
  let over = false;
  const arriving = (async () => {
    while (!over) {
      const some = Array.from({ length: 20 }, (_, index) => created(at(hour, index)));
      events.push(...some);
      await publishAll([...some, ...some.slice(0, 5)]);
    }
  })();
  for (let round = 0; round < 4; round += 1) expect(await rebuild()).toMatchObject({ status: "done" });
  over = true;
  await arriving;
  await areTaken(events);
  expect((await summaryOf(hour)).orders.total).toBe(events.length);
  expect(await rebuild()).toMatchObject({ status: "done" });
  expect((await summaryOf(hour)).orders.total).toBe(events.length);
});

test("an event that the rebuild counts before the live consumer gets to it counts once", async () => {
  const hour = nextHour();
  const event = created(at(hour));
  const rollBack = new Error("roll back");
  const held = running.db.transaction(async (tx) => {
    // The live consumer cannot take the event while another transaction has its inbox row.
    await tx.query("insert into inbox (message_id) values ($1)", [event.id]);
    await publish(event);
    await rebuild();
    expect((await summaryOf(hour)).orders.total).toBe(1);
    throw rollBack;
  });
  await expect(held).rejects.toBe(rollBack);
  await areTaken([event]);
  expect((await summaryOf(hour)).orders.total).toBe(1);
  expect((await running.db.query("select from counted_events", [])).rows).toEqual([]);
});

test("an event that is half taken at the swap counts once", async () => {
  const hour = nextHour();
  const event = created(at(hour));
  const blockedBackends = async (count: number) => {
    const text =
      "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    return (await running.db.query(text, [])).rows.length >= count;
  };
  let id = "";
  await running.db.transaction(async (tx) => {
    await tx.query("select from projection for update", []);
    await publish(event);
    // It is in the inbox, uncommitted, and waits for the projection; then the rebuild waits for it too.
    await waitFor(() => blockedBackends(1));
    id = (await request<Rebuild>("/analytics/rebuild", "POST")).body.id;
    await waitFor(() => blockedBackends(2));
  });
  expect(await waitForEnd(id)).toMatchObject({ status: "done" });
  await areTaken([event]);
  expect((await summaryOf(hour)).orders.total).toBe(1);
});

test("one rebuild at a time; a dead one is taken over", async () => {
  const insert = "insert into rebuilds (id, heartbeat_at) values ($1, now() - $2 * interval '1 second')";
  const id = uuidv7();
  await running.db.query(insert, [id, 5]);
  expect((await request<Rebuild>("/analytics/rebuild", "POST")).body).toMatchObject({
    id,
    status: "running",
  });
  await running.db.query("update rebuilds set heartbeat_at = now() - interval '31 seconds' where id = $1", [
    id,
  ]);
  const next = await rebuild();
  expect(next).toMatchObject({ status: "done" });
  expect(next.id).not.toBe(id);
  const { body } = await request<Rebuild>(`/analytics/rebuilds/${id}`);
  expect(body).toMatchObject({ status: "failed", error: "its process ended" });
});

test("minutes that the stream may not hold any more stay as they were", async () => {
  const past = nextHour();
  // Later than the stream's oldest message, and so certainly complete in the stream.
  const future = Math.ceil(Date.now() / 3_600_000) * 3_600_000 + 3_600_000;
  const [old, young] = [created(at(past)), created(at(future))];
  await publish(old);
  await areTaken([old]);
  const manager = await (await running.bus.connection()).jetstreamManager();
  const { state } = await manager.streams.info("EVENTS");
  await publish(young);
  await areTaken([young]);
  await manager.streams.purge("EVENTS", { seq: state.last_seq + 1 });
  await running.db.query("update order_minutes set created = '{\"saga\": 9}' where minute = $1", [
    at(future),
  ]);
  expect(await rebuild()).toMatchObject({ status: "done" });
  expect((await summaryOf(past)).orders.total).toBe(1);
  expect((await summaryOf(future)).orders.total).toBe(1);
});

test("pages of minutes", async () => {
  const hour = nextHour();
  const events = [0, 60, 120].map((seconds) => created(at(hour, seconds)));
  await publishAll(events);
  await areTaken(events);
  type Page = { items: { minute: string }[]; nextCursor: string | null };
  const first = (await request<Page>(`/analytics/minutes?${rangeOf(hour)}&limit=2`)).body;
  expect(first.items.map((item) => item.minute)).toEqual([at(hour), at(hour, 60)]);
  const rest = `/analytics/minutes?${rangeOf(hour)}&limit=2&cursor=${first.nextCursor}`;
  expect((await request<Page>(rest)).body).toMatchObject({
    items: [{ minute: at(hour, 120) }],
    nextCursor: null,
  });
});

test("the last hour is what a summary without a range gives", async () => {
  const event = created(new Date().toISOString());
  await publish(event);
  await areTaken([event]);
  expect((await request<Totals>("/analytics/summary")).body.orders.total).toBeGreaterThanOrEqual(1);
});

test.each([
  ["minutes?from=yesterday", "from"],
  ["minutes?from=2026-01-01T00:00:00Z&to=2026-01-02T00:01:00Z", "to"],
  ["minutes?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "to"],
  ["minutes?limit=0", "limit"],
  ["minutes?cursor=x", "cursor"],
  ["summary?from=2026-01-01T00:00:00Z&to=2026-01-08T00:01:00Z", "to"],
  ["summary?pattern=saga", "pattern"],
  ["rebuilds/1", "rebuildId"],
])("GET /analytics/%s is refused and names the field", async (path, field) => {
  const { status, body } = await request(`/analytics/${path}`);
  expect(status).toBe(400);
  expect(body).toMatchObject({ code: "request.invalid", errors: [{ path: field }] });
});

test("a rebuild that does not exist", async () => {
  const { status, body } = await request(`/analytics/rebuilds/${uuidv7()}`);
  expect(status).toBe(404);
  expect(body).toMatchObject({ code: "rebuild.not_found" });
});

test("without a broker a rebuild is refused and the projection stays", async () => {
  const alone = await startTestService(service, { NATS_URL: "nats://127.0.0.1:9" });
  try {
    const response = await fetch(`${alone.url}/analytics/rebuild`, { method: "POST" });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: "peer.unavailable" });
  } finally {
    await alone.stop();
  }
});
