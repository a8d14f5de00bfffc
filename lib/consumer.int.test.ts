import { randomInt } from "node:crypto";
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from "node:net";

import { nanos } from "nats";
import { v7 as uuidv7 } from "uuid";

import { publishEvent, sampleEvent } from "../test/support/events";
import { type Spine, startSpine } from "../test/support/spine";
import { waitFor } from "../test/support/wait-for";
import { on, onAll, startConsumer, type Subscription } from "./consumer";
import { currentContext } from "./context";
import { type Database, type Transaction } from "./db";
import { listDeadLetters, replayDeadLetter, showDeadLetter } from "./dead-letters";
import { AppError } from "./errors";
import { streams } from "./events";
import { enqueue } from "./outbox";
import { prepareTelemetry } from "./telemetry";

let spine: Spine;

beforeEach(async () => {
  spine = await startSpine();
  await spine.db.query("create table effects (event_id uuid, order_id uuid)");
});
afterEach(() => spine.close());

function consume(subscriptions: Subscription[], db: Database = spine.db) {
  const { bus, log } = spine;
  const metrics = spine.metrics();
  const consumer = startConsumer({
    service: "inventory",
    db,
    bus,
    log,
    metrics,
    subscriptions,
    backoffUnitMs: 5,
  });
  return Object.assign(spine.after(consumer), { metrics });
}

async function effect(tx: Transaction, event: { id: string; data: { order_id: string } }): Promise<void> {
  await tx.query("insert into effects (event_id, order_id) values ($1, $2)", [event.id, event.data.order_id]);
}

async function effects(): Promise<string[]> {
  const { rows } = await spine.db.query<{ event_id: string }>("select event_id from effects", []);
  return rows.map((row) => row.event_id);
}

const cancelled = (orderId?: string) => sampleEvent("order.cancelled", orderId ? { order_id: orderId } : {});
const publish = (data: unknown = cancelled(), id?: string) =>
  publishEvent(spine.nats.url, "order.cancelled", data, id === undefined ? {} : { id });

function shuffle<T>(items: T[]): T[] {
  return items
    .map((item) => ({ item, rank: randomInt(1_000_000) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}

test("each event delivered five times, in shuffled order and to two replicas, takes effect once", async () => {
  consume([on("order.cancelled", { handle: effect })]);
  consume([on("order.cancelled", { handle: effect })], spine.openDatabase());
  const events = Array.from({ length: 20 }, () => ({ id: uuidv7(), data: cancelled() }));
  await Promise.all(
    shuffle(events.flatMap((event) => Array<typeof event>(5).fill(event))).map((one) =>
      publish(one.data, one.id),
    ),
  );
  await waitFor(async () => (await effects()).length >= events.length);
  const last = await publish();
  await waitFor(async () => (await effects()).includes(last));
  const found = await effects();
  expect(found).toHaveLength(events.length + 1);
  expect(new Set(found)).toEqual(new Set([...events.map((event) => event.id), last]));
});

test("a durable consumer from an older version is given what this one needs, and keeps its place", async () => {
  const before = consume([on("order.cancelled", { handle: effect })]);
  const first = await publish();
  await waitFor(async () => (await effects()).includes(first));
  await before.stop();
  const manager = await (await spine.bus.connection()).jetstreamManager();
  await manager.consumers.update(streams.events.name, "inventory", { ack_wait: nanos(60_000) });

  consume([on("order.cancelled", { handle: effect }), on("payment.failed", { handle: effect })]);
  const second = await publishEvent(spine.nats.url, "payment.failed", sampleEvent("payment.failed"));
  await waitFor(async () => (await effects()).includes(second));
  expect(await effects()).toEqual([first, second]);
  const { config } = await manager.consumers.info(streams.events.name, "inventory");
  expect(config.ack_wait).toBe(nanos(10_000));
  expect([...(config.filter_subjects ?? [])].sort()).toEqual(["order.cancelled", "payment.failed"]);
});

test("a handler runs in its event's context, sees what was prepared, and its own events carry on", async () => {
  const seen: unknown[] = [];
  consume([
    on("order.cancelled", {
      prepare: (event) => Promise.resolve(`prepared ${event.name}`),
      handle: async (tx, event, prepared) => {
        seen.push(currentContext(), prepared);
        enqueue(tx, "shipping.failed", sampleEvent("shipping.failed", { order_id: event.data.order_id }));
      },
    }),
  ]);
  prepareTelemetry();
  const data = cancelled();
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  await publishEvent(spine.nats.url, "order.cancelled", data, {
    headers: { "ce-correlationid": "c-7", traceparent },
  });
  const row = await waitFor(async () => {
    const { rows } = await spine.db.query<Record<string, unknown>>(
      "select correlation_id, traceparent from outbox",
      [],
    );
    return rows[0];
  });
  expect(row).toEqual({ correlation_id: "c-7", traceparent });
  expect(seen).toEqual([{ correlationId: "c-7", orderId: data.order_id }, "prepared order.cancelled"]);
});

test("an event that `when` refuses is acknowledged without database work", async () => {
  const refused = cancelled();
  const { metrics } = consume([
    on("order.cancelled", { when: (data) => data.order_id !== refused.order_id, handle: effect }),
  ]);
  await publish(refused);
  const id = await publish();
  await waitFor(async () => (await effects()).includes(id));
  const { rows } = await spine.db.query("select from inbox", []);
  expect(rows).toHaveLength(1);
  await waitFor(async () => /outcome="skipped"[^}]*\} 1\n/.test(await metrics.registry.metrics()));
});

test("a batch hands all its new events over at once, together with those handled one by one", async () => {
  const sizes: number[] = [];
  await Promise.all(Array.from({ length: 30 }, () => publish()));
  consume([
    onAll(["order.cancelled", "payment.failed"], async (tx, events) => {
      sizes.push(events.length);
      for (const event of events) await effect(tx, event);
    }),
  ]);
  await waitFor(async () => (await effects()).length === 30);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(30);
  expect(sizes.length).toBeLessThan(30);
});

test("only the event that fails is set back; five deliveries, then a dead letter; a replay heals it", async () => {
  const bad = cancelled();
  const attempts: number[] = [];
  let broken = true;
  const { metrics } = consume([
    on("order.cancelled", {
      handle: async (tx, event) => {
        await effect(tx, event);
        if (event.data.order_id !== bad.order_id || !broken) return;
        attempts.push(attempts.length + 1);
        throw new Error("the shelf is on fire 🔥\nreally");
      },
    }),
  ]);
  const [badId, ...good] = [await publish(bad), await publish(), await publish(), await publish()];
  const [letter] = await waitFor(async () => {
    const letters = await listDeadLetters(spine.bus);
    return letters.length > 0 && letters;
  });
  expect(new Set(await effects())).toEqual(new Set(good));
  expect(attempts.length).toBeGreaterThanOrEqual(5);
  expect(letter).toMatchObject({
    consumer: "inventory",
    subject: "order.cancelled",
    eventId: badId,
    reason: "the shelf is on fire 🔥 really",
    attempts: 5,
    data: bad,
  });
  expect(letter?.headers).toMatchObject({ "ce-id": badId, "ce-type": "symphony.order.cancelled.v1" });
  await waitFor(async () => /dead_letters_stored\{[^}]*\} 1\n/.test(await metrics.registry.metrics()));

  broken = false;
  const seq = letter?.seq ?? 0;
  expect(await showDeadLetter(spine.bus, seq)).toEqual(letter);
  await replayDeadLetter(spine.bus, seq);
  await waitFor(async () => (await effects()).includes(badId));
  expect(await listDeadLetters(spine.bus)).toEqual([]);
  await expect(replayDeadLetter(spine.bus, seq)).rejects.toMatchObject({ code: "dead_letter.not_found" });
});

test("a replayed event that fails again is a dead letter again", async () => {
  consume([
    on("order.cancelled", {
      handle: () => Promise.reject(new AppError("event.invalid", "quantity: not here")),
    }),
  ]);
  const id = await publish();
  const first = await waitFor(async () => (await listDeadLetters(spine.bus))[0]);
  expect(first).toMatchObject({ eventId: id, attempts: 1, reason: "quantity: not here" });
  await replayDeadLetter(spine.bus, first.seq);
  const second = await waitFor(async () =>
    (await listDeadLetters(spine.bus)).find((one) => one.seq !== first.seq),
  );
  expect(second).toMatchObject({ eventId: id, consumer: "inventory", subject: "order.cancelled" });
});

test("dead letters are listed newest first, up to a limit and by consumer", async () => {
  const total = 12;
  for (let n = 1; n <= total; n += 1) {
    const service = n % 4 === 0 ? "shipping" : "payment";
    await spine.bus.publish({
      subject: `dlq.${service}.order.cancelled`,
      id: `l-${n}`,
      headers: {},
      data: `{"n":${n}}`,
    });
  }
  const numbers = async (options: { limit?: number; consumer?: string }): Promise<unknown[]> =>
    (await listDeadLetters(spine.bus, options)).map((letter) => (letter.data as { n: number }).n);
  expect(await numbers({})).toEqual(Array.from({ length: total }, (_, index) => total - index));
  expect(await numbers({ limit: 2 })).toEqual([12, 11]);
  expect(await numbers({ limit: 2, consumer: "shipping" })).toEqual([12, 8]);
  expect(await numbers({ consumer: "shipping" })).toEqual([12, 8, 4]);
  expect(await numbers({ consumer: "order" })).toEqual([]);
});

const trace = { "Nats-Msg-Id": "x" };
test.each<{ problem: string; data: unknown; headers?: Record<string, string>; reason: RegExp }>([
  { problem: "no JSON", data: "{", reason: /^data: not JSON/ },
  { problem: "no UTF-8 object", data: "null", reason: /^data: / },
  { problem: "a missing field", data: { ...cancelled(), order_id: undefined }, reason: /^data\.order_id: / },
  { problem: "a wrong type", data: { ...cancelled(), reason: 7 }, reason: /^data\.reason: / },
  { problem: "no id", data: cancelled(), headers: { "ce-id": "" }, reason: /^ce-id: the header is missing/ },
  { problem: "a bad id", data: cancelled(), headers: { "ce-id": "42" }, reason: /^ce-id: not a UUID/ },
  {
    problem: "no type",
    data: cancelled(),
    headers: { "ce-type": "" },
    reason: /^ce-type: the header is missing/,
  },
  {
    problem: "an unknown type",
    data: cancelled(),
    headers: { "ce-type": "symphony.order.cancelled.v9" },
    reason: /^ce-type: .*v9 is unknown/,
  },
  {
    problem: "another CloudEvents",
    data: cancelled(),
    headers: { "ce-specversion": "0.3" },
    reason: /^ce-specversion: 0\.3/,
  },
  { problem: "no source", data: cancelled(), headers: { ...trace, "ce-source": "" }, reason: /^ce-source: / },
  { problem: "a bad time", data: cancelled(), headers: { "ce-time": "soon" }, reason: /^ce-time: / },
])(
  "a bad event ($problem) goes to the dead letters at once, and the next passes",
  async ({ data, headers, reason }) => {
    consume([on("order.cancelled", { handle: effect })]);
    await publishEvent(spine.nats.url, "order.cancelled", data, headers === undefined ? {} : { headers });
    const good = await publish();
    await waitFor(async () => (await effects()).includes(good));
    const letter = await waitFor(async () => (await listDeadLetters(spine.bus))[0]);
    expect(letter).toMatchObject({
      attempts: 1,
      subject: "order.cancelled",
      reason: expect.stringMatching(reason),
    });
    expect(await effects()).toEqual([good]);
  },
);

test("an event that processes died on five times is given up without another try", async () => {
  const id = await publish();
  const connection = await spine.bus.connection();
  const manager = await connection.jetstreamManager();
  const first = consume([on("order.cancelled", { when: () => false, handle: effect })]);
  await waitFor(async () => (await manager.consumers.info("EVENTS", "inventory")).ack_floor.consumer_seq > 0);
  await first.stop();
  // Five deliveries that nobody settled, as processes that were killed leave them.
  const doomed = await publish();
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    const consumer = await connection.jetstream().consumers.get("EVENTS", "inventory");
    (await consumer.next({ expires: 5_000 }))?.nak();
  }
  consume([on("order.cancelled", { handle: effect })]);
  const letter = await waitFor(async () => (await listDeadLetters(spine.bus))[0]);
  expect(letter).toMatchObject({
    eventId: doomed,
    attempts: 6,
    reason: expect.stringContaining("not finished in 5"),
  });
  expect(await effects()).toEqual([]);
  expect(id).not.toBe(doomed);
});

test.each([
  { what: "with its streams", empty: false },
  { what: "without its data", empty: true },
])("a broker that is killed and comes back $what is used again", async ({ empty }) => {
  consume([on("order.cancelled", { handle: effect })]);
  const before = await publish();
  await waitFor(async () => (await effects()).includes(before));
  await spine.nats.restart({ empty });
  await waitFor(() => spine.bus.connected(), { timeoutMs: 20_000 });
  const after = await publish();
  await waitFor(async () => (await effects()).includes(after));
  expect(await effects()).toEqual([before, after]);
});

test("a stream that is deleted under the consumer is made again", async () => {
  consume([on("order.cancelled", { handle: effect })]);
  const before = await publish();
  await waitFor(async () => (await effects()).includes(before));
  const manager = await (await spine.bus.connection()).jetstreamManager();
  await manager.streams.delete("EVENTS");
  await waitFor(async () => (await manager.consumers.info("EVENTS", "inventory")).name);
  const after = await publish();
  await waitFor(async () => (await effects()).includes(after));
});

test("a database that is away uses up no attempt", async () => {
  const away = await startProxy(spine.db.url);
  spine.after({ stop: away.stop });
  consume([on("order.cancelled", { handle: effect })], spine.openDatabase(away.url));
  const before = await publish();
  await waitFor(async () => (await effects()).includes(before));
  away.refuse(true);
  const after = await publish();
  // Tried for longer than five attempts take with the back-off of this test.
  await waitFor(() => away.refused() >= 5);
  away.refuse(false);
  await waitFor(async () => (await effects()).includes(after));
  expect(await listDeadLetters(spine.bus)).toEqual([]);
});

/** A way to a database that can be closed and opened. */
async function startProxy(databaseUrl: string) {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let closed = false;
  let refused = 0;
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    if (closed) {
      refused += 1;
      socket.destroy();
      return;
    }
    const upstream = connectTcp(Number(target.port || 5432), target.hostname);
    upstream.on("error", () => socket.destroy());
    for (const one of [socket, upstream]) sockets.add(one.on("close", () => sockets.delete(one)));
    socket.pipe(upstream).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const drop = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    url: url.href,
    refused: () => refused,
    refuse: (value: boolean) => {
      closed = value;
      if (closed) drop();
    },
    stop: async () => {
      drop();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test("a stop finishes the batch in hand and gives the rest back at once", async () => {
  let entered = 0;
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const first = consume([
    on("order.cancelled", {
      prepare: (event) =>
        event.data.reason === "slow" ? new Promise<void>(() => undefined) : Promise.resolve(),
      handle: async (tx, event) => {
        entered += 1;
        await gate;
        await effect(tx, event);
      },
    }),
  ]);
  const slow = await publish({ ...cancelled(), reason: "slow" });
  const inHand = await publish();
  await waitFor(() => entered === 1);
  const waiting = await publish();
  const stopped = first.stop();
  open();
  await stopped;
  expect(await effects()).toContain(inHand);
  consume([on("order.cancelled", { handle: effect })]);
  // Far less than the 30 s after which the broker would deliver them again by itself.
  await waitFor(async () => (await effects()).length === 3, { timeoutMs: 5_000 });
  expect(new Set(await effects())).toEqual(new Set([slow, inHand, waiting]));
});
