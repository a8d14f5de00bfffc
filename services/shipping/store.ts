import { type Queryable } from "../../lib/db";
import { type Address, type Pattern } from "../../lib/events";
import { type CancelCommand, type Shipment, type ShipmentStatus, transitions } from "./shipment";

type ShipmentRow = {
  order_id: string;
  shipment_id: string;
  saga_id: string;
  user_id: string;
  pattern: Pattern;
  address: Address | null;
  tracking_number: string | null;
  status: ShipmentStatus;
  reason: string | null;
  created_at: Date;
  updated_at: Date;
};

export type NewShipment = Pick<Shipment, "orderId" | "sagaId" | "userId" | "pattern" | "shipmentId"> & {
  address: Address;
};

/** What the carrier takes: under which number, and from the capacity of which day. */
export type Booking = { trackingNumber: string; day: string; dailyCapacity: number };

/**
 * Schedules the order's only shipment and takes one place of the carrier's day, in one statement: the counter
 * moves only together with a new shipment. Returns undefined where the order has a shipment or a tombstone.
 * Where `isBooked` is false the day was full, and the same transaction has to run `refuseForCapacity`.
 */
export async function insertScheduled(
  db: Queryable,
  shipment: NewShipment,
  { trackingNumber, day, dailyCapacity }: Booking,
): Promise<{ shipment: Shipment; isBooked: boolean } | undefined> {
  const { rows } = await db.query<ShipmentRow & { is_booked: boolean }>(
    `with shipment as (
       insert into shipments
              (order_id, shipment_id, saga_id, user_id, pattern, address, status, tracking_number, carrier_day)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
       on conflict (order_id) do nothing
       returning *
     ), place as (
       insert into carrier_days (day, booked)
       select carrier_day, 1 from shipment where $10::integer > 0
       on conflict (day) do update
          set booked = carrier_days.booked + 1
        where carrier_days.booked < $10::integer
       returning day
     )
     select shipment.*, exists (select from place) as is_booked from shipment`,
    [...insertValues(shipment), transitions.schedule.none, trackingNumber, day, dailyCapacity],
  );
  const [row] = rows;
  return row && { shipment: toShipment(row), isBooked: row.is_booked };
}

/** Turns the shipment that `insertScheduled` has just written into one that the carrier refused. */
export async function refuseForCapacity(db: Queryable, orderId: string): Promise<Shipment | undefined> {
  const { rows } = await db.query<ShipmentRow>(
    `update shipments
        set status = $2, reason = 'shipping.no_capacity', tracking_number = null, carrier_day = null
      where order_id = $1
     returning *`,
    [orderId, transitions.refuse.none],
  );
  return rows[0] && toShipment(rows[0]);
}

/** Records that the carrier refused. Returns undefined where the order has a shipment or a tombstone. */
export async function insertRefused(
  db: Queryable,
  shipment: NewShipment,
  reason: string,
): Promise<Shipment | undefined> {
  const { rows } = await db.query<ShipmentRow>(
    `insert into shipments (order_id, shipment_id, saga_id, user_id, pattern, address, status, reason)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (order_id) do nothing
     returning *`,
    [...insertValues(shipment), transitions.refuse.none, reason],
  );
  return rows[0] && toShipment(rows[0]);
}

/**
 * Cancels the order's shipment and gives the carrier's place back, or leaves a tombstone where there is no
 * shipment, in one statement. Returns undefined where neither changes anything.
 */
export async function cancelShipment(
  db: Queryable,
  command: CancelCommand,
  shipmentId: string,
): Promise<Shipment | undefined> {
  const { none: statusIfNew, ...changes } = transitions.cancel;
  const { rows } = await db.query<ShipmentRow>(
    `with cancelled as (
       insert into shipments (order_id, shipment_id, saga_id, user_id, pattern, status, reason)
       values ($1, $2, $3, $4, $5, $6, $7)
       on conflict (order_id) do update
          set status = $8::jsonb ->> shipments.status,
              reason = excluded.reason,
              updated_at = now()
        where $8::jsonb ? shipments.status
       returning *
     ), place as (
       update carrier_days set booked = booked - 1
         from cancelled
        where carrier_days.day = cancelled.carrier_day
     )
     select * from cancelled`,
    [
      command.orderId,
      shipmentId,
      command.sagaId,
      command.userId,
      command.pattern,
      statusIfNew,
      command.reason,
      JSON.stringify(changes),
    ],
  );
  return rows[0] && toShipment(rows[0]);
}

/** The order's shipment, tombstones included. */
export async function findShipment(db: Queryable, orderId: string): Promise<Shipment | undefined> {
  const { rows } = await db.query<ShipmentRow>(`select * from shipments where order_id = $1`, [orderId]);
  return rows[0] && toShipment(rows[0]);
}

function insertValues({ orderId, shipmentId, sagaId, userId, pattern, address }: NewShipment): unknown[] {
  return [orderId, shipmentId, sagaId, userId, pattern, JSON.stringify(address)];
}

function toShipment(row: ShipmentRow): Shipment {
  return {
    orderId: row.order_id,
    shipmentId: row.shipment_id,
    sagaId: row.saga_id,
    userId: row.user_id,
    pattern: row.pattern,
    address: row.address,
    trackingNumber: row.tracking_number,
    status: row.status,
    reason: row.reason,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}
