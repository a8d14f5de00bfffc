create table orders (
  id uuid primary key,
  saga_id uuid not null,
  user_id uuid not null,
  email text not null,
  pattern text not null check (pattern in ('rest', 'grpc', 'events', 'saga')),
  status text not null check (status in ('pending', 'saga_started', 'compensating', 'confirmed', 'failed')),
  product_id text not null,
  quantity integer not null check (quantity > 0),
  amount_cents integer not null check (amount_cents >= 0),
  currency text not null,
  -- inventory.released came while a rest or grpc request was still undoing by itself
  released boolean not null default false,
  failure_code text,
  failure_reason text,
  correlation_id text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deadline_at timestamptz not null,
  completed_at timestamptz
) with (fillfactor = 80);

-- ids are UUIDv7: their order is the order of creation
create index orders_of_user on orders (user_id, id desc);
-- what the watchdog and the gauges read: small however many orders there are
create index orders_open on orders (deadline_at) where status in ('pending', 'saga_started', 'compensating');

create table order_steps (
  id bigint generated always as identity primary key,
  order_id uuid not null references orders (id),
  event text not null,
  at timestamptz not null,
  detail text,
  unique (order_id, event)
);

create table idempotency_keys (
  user_id uuid not null,
  key text not null,
  request_hash text not null,
  -- the order that the request makes; the row comes before the order where the pattern is rest or grpc
  order_id uuid not null,
  lease_until timestamptz not null,
  -- null while the request runs
  answer_status integer,
  -- json, not jsonb: a replay gives back the same bytes
  answer_body json,
  created_at timestamptz not null default now(),
  primary key (user_id, key)
);
create index idempotency_keys_of_order on idempotency_keys (order_id) where answer_status is null;

create table product_quotes (
  product_id text primary key,
  price_cents integer not null check (price_cents >= 0),
  currency text not null,
  fetched_at timestamptz not null
);
