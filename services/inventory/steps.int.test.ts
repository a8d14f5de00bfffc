import fc from "fast-check";
import { v7 as uuidv7 } from "uuid";

import { type Database, openDatabase } from "../../lib/db";
import { createLog } from "../../lib/log";
import { migrate } from "../../lib/migrate";
import { libMigrations } from "../../lib/paths";
import { createTestDatabase } from "../../test/support/database";
import { type ReserveCommand } from "./inventory";
import { recordSale, release, reserve } from "./steps";
import { addStock, findReservation } from "./store";

const log = createLog("inventory", "silent");
let db: Database;
let drop: () => Promise<void>;

beforeAll(async () => {
  const database = await createTestDatabase();
  drop = database.drop;
  db = openDatabase({ url: database.url, size: 20, log });
  await migrate(db, [libMigrations, `${__dirname}/migrations`], log);
});

afterAll(async () => {
  await db.close();
  await drop();
});

beforeEach(async () => {
  await db.query("truncate outbox, reservations");
  await db.query("update products set available = supplied, reserved = 0, sold = 0");
});

function orderFor(productId: string, quantity = 1): ReserveCommand {
  return { orderId: uuidv7(), sagaId: uuidv7(), userId: uuidv7(), pattern: "rest", productId, quantity };
}

function undo({ orderId, sagaId, userId, pattern }: ReserveCommand) {
  return release(db, { orderId, sagaId, userId, pattern, reason: "a test" });
}

const sell = ({ orderId }: ReserveCommand) => db.transaction((tx) => recordSale(tx, orderId));

async function stockOf(id: string) {
  const { rows } = await db.query<{ available: number; reserved: number; sold: number }>(
    "select available, reserved, sold from products where id = $1",
    [id],
  );
  return rows[0];
}

async function eventsOf(orderId: string): Promise<string[]> {
  const { rows } = await db.query<{ subject: string }>(
    "select subject from outbox where aggregate_id = $1 order by seq",
    [orderId],
  );
  return rows.map(({ subject }) => subject);
}

const code = (expected: string) => expect.objectContaining({ name: "AppError", code: expected });

test("the catalogue has 24 products, one with 3 pieces and one with none", async () => {
  const { rows } = await db.query<{ id: string; available: number }>(
    "select id, available from products where available < 1000000 order by id",
  );
  expect(rows).toEqual([
    { id: "limited-print", available: 3 },
    { id: "retired-roaster", available: 0 },
  ]);
  expect((await db.query("select from products")).rowCount).toBe(24);
});

test("of 50 orders at once for the last 3 pieces exactly 3 succeed", async () => {
  const orders = Array.from({ length: 50 }, () => orderFor("limited-print"));
  const results = await Promise.allSettled(orders.map((order) => reserve(db, order)));

  const refused = results.filter((result) => result.status === "rejected");
  expect(refused).toHaveLength(47);
  for (const { reason } of refused) expect(reason).toEqual(code("inventory.insufficient_stock"));
  expect(await stockOf("limited-print")).toEqual({ available: 0, reserved: 3, sold: 0 });
  const subjects = (await Promise.all(orders.map(({ orderId }) => eventsOf(orderId)))).flat();
  expect(subjects.filter((subject) => subject === "inventory.reserved")).toHaveLength(3);
  expect(subjects.filter((subject) => subject === "inventory.reservation-failed")).toHaveLength(47);
});

test("the same order 20 times at once reserves once and writes one event", async () => {
  const order = orderFor("tamper", 2);
  const answers = await Promise.all(Array.from({ length: 20 }, () => reserve(db, order)));
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  expect(await stockOf("tamper")).toEqual({ available: 999_998, reserved: 2, sold: 0 });
  expect(await eventsOf(order.orderId)).toEqual(["inventory.reserved"]);
});

test("the events of a reservation without a choreography have the price and no payment token", async () => {
  const order = orderFor("tamper", 2);
  await reserve(db, order);
  const { rows } = await db.query<{ data: string }>("select data from outbox", []);
  expect(JSON.parse(rows[0]!.data)).toEqual({
    order_id: order.orderId,
    saga_id: order.sagaId,
    user_id: order.userId,
    pattern: "rest",
    product_id: "tamper",
    quantity: 2,
    amount: 6580,
    currency: "EUR",
    reserved_at: expect.any(String),
  });
});

test.each([
  ["no-such-product", 1, "product.not_found"],
  ["limited-print", 4, "inventory.insufficient_stock"],
  ["retired-roaster", 1, "inventory.insufficient_stock"],
])("%s × %i fails with %s, and fails alike after a restock", async (productId, quantity, expected) => {
  const order = orderFor(productId, quantity);
  await expect(reserve(db, order)).rejects.toEqual(code(expected));
  await addStock(db, productId, 10);
  await expect(reserve(db, order)).rejects.toEqual(code(expected));
  await db.query("update products set available = available - 10, supplied = supplied - 10 where id = $1", [
    productId,
  ]);
  expect(await eventsOf(order.orderId)).toEqual(["inventory.reservation-failed"]);
});

test("an order that asks for something else than before is refused", async () => {
  const order = orderFor("tamper");
  await reserve(db, order);
  await expect(reserve(db, { ...order, quantity: 5 })).rejects.toEqual(code("idempotency.key_reused"));
});

test("a release gives the stock back once", async () => {
  const order = orderFor("limited-print", 3);
  await reserve(db, order);
  await Promise.all([undo(order), undo(order), undo(order)]);
  expect(await stockOf("limited-print")).toEqual({ available: 3, reserved: 0, sold: 0 });
  expect(await eventsOf(order.orderId)).toEqual(["inventory.reserved", "inventory.released"]);
  await expect(reserve(db, order)).rejects.toEqual(code("order.cancelled"));
});

test("a release that comes first leaves a tombstone, which refuses the reservation", async () => {
  const order = orderFor("limited-print");
  expect(await undo(order)).toMatchObject({ status: "void", quantity: 0, productId: null });
  await undo(order);
  await expect(reserve(db, order)).rejects.toEqual(code("order.cancelled"));
  expect(await stockOf("limited-print")).toEqual({ available: 3, reserved: 0, sold: 0 });
  expect(await eventsOf(order.orderId)).toEqual(["inventory.released"]);
});

test("a sale is final, and is set back where its reservation is not there yet", async () => {
  const order = orderFor("limited-print");
  await expect(sell(order)).rejects.toThrow("not there yet");
  await reserve(db, order);
  await sell(order);
  await sell(order);
  await undo(order);
  expect(await stockOf("limited-print")).toEqual({ available: 2, reserved: 0, sold: 1 });
  expect(await findReservation(db, order.orderId)).toMatchObject({ status: "sold" });
});

test("reservation and release at the same moment: nothing stays reserved", async () => {
  const orders = Array.from({ length: 60 }, () => orderFor("limited-print"));
  await Promise.all(orders.flatMap((order) => [reserve(db, order).catch(() => undefined), undo(order)]));
  expect(await stockOf("limited-print")).toEqual({ available: 3, reserved: 0, sold: 0 });
});

test("any commands, repeated and all at once, keep the stock whole", async () => {
  const run = { reserve: (order: ReserveCommand) => reserve(db, order), release: undo, sell };
  const command = fc.constantFrom(...(Object.keys(run) as (keyof typeof run)[]));
  const delivery = fc.tuple(fc.nat(9), command);
  await fc.assert(
    fc.asyncProperty(fc.array(delivery, { minLength: 20, maxLength: 60 }), async (deliveries) => {
      const orders = Array.from({ length: 10 }, (_none, index) =>
        orderFor(index % 2 ? "limited-print" : "tamper"),
      );
      await Promise.allSettled(deliveries.map(([index, name]) => run[name](orders[index]!)));

      const { rows } = await db.query<{
        id: string;
        reserved: number;
        sold: number;
        held: number;
        gone: number;
      }>(
        `select products.id, products.reserved, products.sold,
                coalesce(sum(quantity) filter (where status = 'reserved'), 0)::bigint as held,
                coalesce(sum(quantity) filter (where status = 'sold'), 0)::bigint as gone
         from products left join reservations on product_id = products.id
         where products.id in ('limited-print', 'tamper')
         group by products.id`,
      );
      for (const { reserved, sold, held, gone } of rows) expect([reserved, sold]).toEqual([held, gone]);
    }),
    { numRuns: 15 },
  );
});
