import { v7 as uuidv7 } from "uuid";

import { type EventName } from "../../lib/events";
import { startTestNats, type TestNats } from "../../test/support/nats";
import { type Harness, startHarness, type User } from "../../test/support/order/harness";
import { waitFor } from "../../test/support/wait-for";
import { type OrderView } from "./view";

jest.setTimeout(30_000);

let h: Harness;
let user: User;

beforeAll(async () => {
  h = await startHarness({ SAGA_DEADLINE_MS: "60000" });
  user = await h.user();
}, 60_000);
afterAll(() => h?.stop());

const placed = async (pattern = "saga"): Promise<OrderView> =>
  (await h.place(user, { pattern })).body as unknown as OrderView;
const timelineOf = async (order: OrderView): Promise<string[]> => {
  const { body } = await h.get(user, `/orders/${order.id}/timeline`);
  return (body.items as { event: string }[]).map(({ event }) => event);
};

describe("an order follows the events of its participants", () => {
  test.each<[string, string, EventName[], string, string]>([
    [
      "saga",
      "happy",
      ["inventory.reserved", "payment.processed", "shipping.scheduled"],
      "confirmed",
      "saga.completed",
    ],
    ["saga", "stock short", ["inventory.reservation-failed"], "failed", "saga.failed"],
    [
      "saga",
      "declined",
      ["inventory.reserved", "payment.failed", "inventory.released"],
      "failed",
      "saga.failed",
    ],
    [
      "saga",
      "refused, from behind",
      [
        "inventory.released",
        "payment.refunded",
        "shipping.failed",
        "payment.processed",
        "inventory.reserved",
      ],
      "failed",
      "saga.failed",
    ],
    [
      "events",
      "happy",
      ["shipping.scheduled", "payment.processed", "inventory.reserved"],
      "confirmed",
      "saga.completed",
    ],
    ["events", "declined", ["inventory.reserved", "payment.failed"], "failed", "saga.failed"],
  ])("%s, %s", async (pattern, _name, sequence, ...[status, terminal]) => {
    const order = await placed(pattern);
    const ids = new Map(sequence.map((name) => [name, uuidv7()]));
    for (const name of [...sequence, ...sequence]) await h.tell(name, order, {}, ids.get(name));
    const { body } = await h.reaches(user, order.id, status);
    expect(body.durationMs).toBeGreaterThanOrEqual(0);
    const timeline = await waitFor(async () => {
      const steps = await timelineOf(order);
      return sequence.every((name) => steps.includes(name)) && steps;
    });
    expect(timeline).toContain(terminal);
    expect(new Set(timeline).size).toBe(timeline.length);
    await waitFor(() => h.eventsOf(order.id).includes(terminal));
    expect(h.eventsOf(order.id).filter((name) => name.startsWith("saga."))).toEqual([terminal]);
  });

  test("a failed order says why", async () => {
    const order = await placed();
    await h.tell("payment.failed", order, { reason: "payment.insufficient_funds" });
    await h.reaches(user, order.id, "compensating");
    await h.tell("inventory.released", order, { reason: "payment.insufficient_funds" });
    const { body } = await h.reaches(user, order.id, "failed");
    expect(body).toMatchObject({
      failureCode: "payment.insufficient_funds",
      failureReason: "payment.insufficient_funds",
    });
  });

  test("events of unknown orders are ignored and block nothing", async () => {
    const order = await placed();
    const unknown = { ...order, id: uuidv7() };
    await h.tell("inventory.reserved", unknown);
    await h.tell("shipping.scheduled", unknown);
    await h.tell("shipping.scheduled", order);
    await h.reaches(user, order.id, "confirmed");
    expect(await h.get(user, `/orders/${unknown.id}`)).toMatchObject({ status: 404 });
  });
});

test("metrics tell of outcomes, compensations and open orders", async () => {
  const order = await placed();
  await h.tell("inventory.released", order);
  await h.reaches(user, order.id, "failed");
  await placed();
  const text = await (await fetch(`${h.order.url}/metrics`)).text();
  expect(text).toMatch(/saga_duration_seconds_count\{.*outcome="failed".*\} [1-9]/);
  expect(text).toMatch(/orders_total\{.*pattern="saga".*outcome="failed".*\} [1-9]/);
  expect(text).toMatch(/compensations_total\{.*step="inventory".*\} [1-9]/);
  expect(text).toMatch(/sagas_by_state\{.*state="saga_started".*\} [1-9]/);
  expect(text).toMatch(/saga_stuck\{.*\} 0/);
});

describe("server-sent events", () => {
  type Message = { event?: string; id?: string; data: Record<string, unknown> };

  async function follow(url: string, lastEventId?: string) {
    const response = await fetch(url, {
      headers: {
        authorization: `Bearer ${user.token}`,
        ...(lastEventId !== undefined && { "last-event-id": lastEventId }),
      },
    });
    const messages: Message[] = [];
    const read = async () => {
      let text = "";
      for await (const chunk of response.body ?? []) {
        text += Buffer.from(chunk as Uint8Array).toString();
        const blocks = text.split("\n\n");
        text = blocks.pop() ?? "";
        for (const block of blocks) messages.push(parse(block));
      }
    };
    return { response, messages, ended: read() };
  }

  function parse(block: string): Message {
    const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s, 2)));
    return { ...fields, data: JSON.parse(fields.data ?? "{}") } as Message;
  }

  test("the state, each step, the terminal state; on any replica; and on from where it was", async () => {
    const replica = await h.replica();
    const order = await placed();
    const paths = [h.order.url, replica.url].map((url) => `${url}/orders/${order.id}/events`);
    const streams = await Promise.all(paths.map((path) => follow(path)));
    await h.tell("inventory.reserved", order);
    for (const { messages } of streams) {
      await waitFor(() => messages.some(({ data }) => data.event === "inventory.reserved"));
    }
    await h.tell("shipping.scheduled", order);
    for (const { response, messages, ended } of streams) {
      await ended;
      expect(response.headers.get("content-type")).toContain("text/event-stream");
      expect(messages[0]).toMatchObject({ event: "order", data: { status: "saga_started" } });
      expect(messages.at(-1)).toMatchObject({ event: "order", data: { status: "confirmed" } });
      expect(messages.slice(1, -1).map(({ data }) => data.event)).toEqual([
        "order.created",
        "order.saga-started",
        "inventory.reserved",
        "shipping.scheduled",
        "saga.completed",
      ]);
    }
    const ids = (streams[0]?.messages ?? []).flatMap(({ id }) => (id === undefined ? [] : [id]));
    const resumed = await follow(paths[0]!, ids.at(-3));
    await resumed.ended;
    expect(resumed.messages.map(({ event, data }) => data.event ?? event)).toEqual([
      "order",
      "shipping.scheduled",
      "saga.completed",
      "order",
    ]);
    expect((await follow(paths[0]!, ids.at(-1))).response.status).toBe(204);
  });

  test("a stream ends also where another replica ended the order between two looks at it", async () => {
    const replica = await h.replica();
    const order = await placed();
    const stream = await h.order.db.transaction(async (tx) => {
      await tx.query("lock table order_steps in access exclusive mode");
      const opened = follow(`${replica.url}/orders/${order.id}/events`);
      // The order has been read, and the look at its steps waits for this transaction.
      await waitFor(async () => {
        const { rows } = await h.order.db.query(
          "select from pg_locks where relation = 'order_steps'::regclass and not granted",
        );
        return rows.length > 0;
      });
      await tx.query("update orders set status = 'confirmed', completed_at = now() where id = $1", [
        order.id,
      ]);
      await tx.query("insert into order_steps (order_id, event, at) values ($1, 'saga.completed', now())", [
        order.id,
      ]);
      return opened;
    });
    await stream.ended;
    expect(stream.messages.at(-1)).toMatchObject({ event: "order", data: { status: "confirmed" } });
  });
});

describe("the watchdog", () => {
  let nats: TestNats;
  let w: Harness;

  beforeAll(async () => {
    nats = await startTestNats();
    w = await startHarness({ NATS_URL: nats.url, SAGA_DEADLINE_MS: "300", WATCHDOG_INTERVAL_MS: "50" });
    await w.replica();
    user = await w.user();
  }, 60_000);
  afterAll(async () => {
    await w.stop();
    await nats.stop();
  });

  test("cancels each overdue saga once, however many replicas look", async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => w.place(user)));
    const ids = answers.map(({ body }) => String(body.id));
    for (const id of ids) await w.reaches(user, id, "compensating");
    await waitFor(() => ids.every((id) => w.eventsOf(id).includes("order.cancelled")));
    for (const id of ids) {
      expect(w.eventsOf(id).filter((name) => name === "order.cancelled")).toHaveLength(1);
    }
    const [first] = answers;
    await w.tell("shipping.scheduled", first!.body as unknown as OrderView);
    await w.tell("inventory.released", first!.body as unknown as OrderView);
    const { body } = await w.reaches(user, ids[0]!, "failed");
    expect(body.failureCode).toBe("order.cancelled");
  });

  test("counts orders whose compensation does not end", async () => {
    await waitFor(async () =>
      /saga_stuck\{.*\} [1-9]/.test(await (await fetch(`${w.order.url}/metrics`)).text()),
    );
  });

  test("an overdue order of the pattern events just fails", async () => {
    const { body } = await w.place(user, { pattern: "events" });
    await w.reaches(user, body.id!, "failed");
    await waitFor(() => w.eventsOf(body.id!).includes("saga.failed"));
    expect(w.eventsOf(body.id!)).not.toContain("order.cancelled");
  });

  test("waits while the broker is down, and gives orders their time when it is back", async () => {
    await nats.kill();
    await waitFor(() => !w.order.bus.connected());
    const { status, body } = await w.place(user);
    expect(status).toBe(202);
    // Several looks past the deadline.
    await waitFor(async () => {
      const { rows } = await w.order.db.query(
        "select from orders where id = $1 and deadline_at < now() - interval '300 ms'",
        [body.id],
      );
      return rows.length === 1;
    });
    expect((await w.get(user, `/orders/${body.id}`)).body.status).toBe("saga_started");
    await nats.restart();
    await w.reaches(user, body.id!, "compensating");
  });
});
