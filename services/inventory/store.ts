import { type Queryable } from "../../lib/db";
import { type Pattern } from "../../lib/events";
import {
  changes,
  type FailureCode,
  type Product,
  type ReleaseCommand,
  type Reservation,
  type ReservationStatus,
  type ReserveCommand,
} from "./inventory";

type ProductRow = {
  id: string;
  name: string;
  description: string;
  price_cents: number;
  currency: string;
  available: number;
};

type ReservationRow = {
  order_id: string;
  saga_id: string;
  user_id: string;
  pattern: Pattern;
  product_id: string | null;
  quantity: number;
  status: ReservationStatus;
  failure_code: FailureCode | null;
  created_at: Date;
  updated_at: Date;
};

/** Up to `limit` products in the order of their ids, from after `after`. */
export async function listProducts(
  db: Queryable,
  { after, limit }: { after: string; limit: number },
): Promise<Product[]> {
  const { rows } = await db.query<ProductRow>(
    `select id, name, description, price_cents, currency, available
     from products
     where id > $1
     order by id
     limit $2`,
    [after, limit],
  );
  return rows.map(toProduct);
}

/** The product `id`, or undefined. */
export async function findProduct(db: Queryable, id: string): Promise<Product | undefined> {
  const { rows } = await db.query<ProductRow>(
    `select id, name, description, price_cents, currency, available from products where id = $1`,
    [id],
  );
  return rows[0] && toProduct(rows[0]);
}

/** Adds `quantity` pieces to a product's stock. Gives undefined where there is no such product. */
export async function addStock(db: Queryable, id: string, quantity: number): Promise<Product | undefined> {
  const { rows } = await db.query<ProductRow>(
    `update products
     set available = available + $2, supplied = supplied + $2, updated_at = now()
     where id = $1
     returning id, name, description, price_cents, currency, available`,
    [id, quantity],
  );
  return rows[0] && toProduct(rows[0]);
}

/**
 * `new`: the order had no reservation, and has one now. `taken` is the product whose stock was taken, and
 * undefined where there was not enough of it.
 */
export type Claim = { new: boolean; taken: { priceCents: number; currency: string } | undefined };

/**
 * Claims the order and takes the stock, in one statement. Whoever claims an order first, a reservation or a
 * release, keeps it: the primary key decides. The condition on `available` is checked again after the wait
 * for the product's row, so that stock is never negative however many orders compete.
 */
export async function claim(db: Queryable, command: ReserveCommand): Promise<Claim> {
  const { rows } = await db.query<{ is_new: boolean; price_cents: number | null; currency: string | null }>(
    `with claimed as (
       insert into reservations (order_id, saga_id, user_id, pattern, product_id, quantity, status)
       values ($1, $2, $3, $4, $5, $6, 'reserved')
       on conflict (order_id) do nothing
       returning order_id
     ), taken as (
       update products
       set available = available - $6, reserved = reserved + $6, updated_at = now()
       where id = $5 and available >= $6 and exists (select from claimed)
       returning price_cents, currency
     )
     select exists (select from claimed) as is_new, taken.price_cents, taken.currency
     from (values (1)) as one left join taken on true`,
    [command.orderId, command.sagaId, command.userId, command.pattern, command.productId, command.quantity],
  );
  const [row] = rows;
  if (!row) throw new Error("the claim has no result");
  const { is_new: isNew, price_cents: priceCents, currency } = row;
  return {
    new: isNew,
    taken: priceCents !== null && currency !== null ? { priceCents, currency } : undefined,
  };
}

/** Turns a claim for which there was no stock into a failure, and says why there was none. */
export async function failClaim(db: Queryable, orderId: string): Promise<FailureCode> {
  const { rows } = await db.query<{ failure_code: FailureCode }>(
    `update reservations
     set status = 'failed',
         failure_code = case
           when exists (select from products where id = reservations.product_id)
             then 'inventory.insufficient_stock'
           else 'product.not_found'
         end
     where order_id = $1
     returning failure_code`,
    [orderId],
  );
  const [row] = rows;
  if (!row) throw new Error(`order ${orderId} has no reservation`);
  return row.failure_code;
}

/**
 * Ends a reservation that holds stock, and moves its stock, in one statement. Gives the quantity that was
 * moved, and undefined where the order has no reservation that holds stock.
 */
export async function settle(
  db: Queryable,
  orderId: string,
  effect: "give-back" | "sell",
): Promise<number | undefined> {
  const change = changes[effect];
  const { rows } = await db.query<{ quantity: number }>(
    `with settled as (
       update reservations
       set status = $2, updated_at = now()
       where order_id = $1 and status = 'reserved'
       returning product_id, quantity
     )
     update products
     set available = available + $3 * settled.quantity,
         reserved = products.reserved + $4 * settled.quantity,
         sold = products.sold + $5 * settled.quantity,
         updated_at = now()
     from settled
     where products.id = settled.product_id
     returning settled.quantity`,
    [orderId, change.status, change.available, change.reserved, change.sold],
  );
  return rows[0]?.quantity;
}

/**
 * Leaves a tombstone where the order has no reservation. Gives the status that it had before, and undefined
 * where it had none. Either way the row is locked until the transaction ends.
 */
export async function leaveTombstone(
  db: Queryable,
  command: ReleaseCommand,
): Promise<ReservationStatus | undefined> {
  const { rows } = await db.query<{ status: ReservationStatus | null }>(
    `insert into reservations (order_id, saga_id, user_id, pattern, quantity, status)
     values ($1, $2, $3, $4, 0, $5)
     on conflict (order_id) do update set order_id = excluded.order_id
     returning old.status`,
    [command.orderId, command.sagaId, command.userId, command.pattern, changes["leave-tombstone"].status],
  );
  return rows[0]?.status ?? undefined;
}

/** The order's reservation, tombstones included. */
export async function findReservation(db: Queryable, orderId: string): Promise<Reservation | undefined> {
  const { rows } = await db.query<ReservationRow>(`select * from reservations where order_id = $1`, [
    orderId,
  ]);
  return rows[0] && toReservation(rows[0]);
}

function toProduct(row: ProductRow): Product {
  const { id, name, description, currency, available } = row;
  return { id, name, description, priceCents: row.price_cents, currency, available };
}

function toReservation(row: ReservationRow): Reservation {
  return {
    orderId: row.order_id,
    sagaId: row.saga_id,
    userId: row.user_id,
    pattern: row.pattern,
    productId: row.product_id,
    quantity: row.quantity,
    status: row.status,
    failureCode: row.failure_code,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}
