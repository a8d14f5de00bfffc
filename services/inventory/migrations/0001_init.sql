create table products (
  id          text primary key,
  name        text not null,
  description text not null,
  price_cents bigint not null check (price_cents >= 0),
  currency    text not null default 'EUR',
  available   bigint not null check (available >= 0),
  reserved    bigint not null default 0 check (reserved >= 0),
  sold        bigint not null default 0 check (sold >= 0),
  -- Every piece that ever came in: stock is moved, never made or lost.
  supplied    bigint not null,
  updated_at  timestamptz not null default now(),
  check (available + reserved + sold = supplied)
) with (
  -- Popular products are updated with every order. Room in the page keeps those updates out of the index.
  fillfactor = 50,
  autovacuum_vacuum_scale_factor = 0.02
);

-- One row per order, tombstones included. The product is no foreign key: a failed reservation keeps what
-- was asked for, which may not exist, and a tombstone has none.
create table reservations (
  order_id     uuid primary key,
  saga_id      uuid not null,
  user_id      uuid not null,
  pattern      text not null,
  product_id   text,
  quantity     bigint not null check (quantity >= 0),
  status       text not null check (status in ('reserved', 'sold', 'released', 'void', 'failed')),
  failure_code text,
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  check ((status = 'failed') = (failure_code is not null)),
  check (status = 'void' or product_id is not null)
) with (
  fillfactor = 80
);
