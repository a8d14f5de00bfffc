create table shipments (
  order_id        uuid primary key,
  shipment_id     uuid not null,
  saga_id         uuid not null,
  user_id         uuid not null,
  pattern         text not null,
  -- Null in a tombstone: it was never asked for.
  address         jsonb,
  tracking_number text,
  -- The day whose capacity the shipment takes.
  carrier_day     date,
  status          text not null check (status in ('scheduled', 'failed', 'cancelled', 'void')),
  reason          text,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now()
);

-- How many shipments the simulated carrier has taken, by day (UTC).
create table carrier_days (
  day    date primary key,
  booked integer not null check (booked >= 0)
);
