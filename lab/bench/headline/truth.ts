import type pg from "pg";

import { holdingsOf } from "../../invariants/check";
import { type Facts } from "../../invariants/facts";
import { withDatabase } from "../../run/clients";
import { type Known, type Truth } from "./score";

/**
 * How many orders are neither confirmed nor failed. It names the open states, as the index orders_open does: Postgres
 * takes a partial index only where the condition follows from its own, and would read the whole table otherwise.
 */
export async function countOpen(order: pg.Client): Promise<number> {
  const { rows } = await order.query<{ open: string }>(
    "select count(*) as open from orders where status in ('pending', 'saga_started', 'compensating')",
  );
  return Number(rows[0]?.open ?? 0);
}

/** What the services know of each order, by the Idempotency-Key that its customer chose. */
export async function readTruth(orderUrl: string, facts: Facts): Promise<Truth> {
  const keys = await withDatabase(orderUrl, async (client) => {
    const { rows } = await client.query<{ key: string; order_id: string }>(
      "select key, order_id from idempotency_keys",
    );
    return new Map(rows.map((row) => [row.key, row.order_id]));
  });
  const held = holdingsOf(facts);
  const orders = new Map(facts.orders.map((order) => [order.id, order]));
  return (key): Known | undefined => {
    const order = orders.get(keys.get(key) ?? "");
    return order && { ...held(order.id), amount: order.amount, quantity: order.quantity };
  };
}
