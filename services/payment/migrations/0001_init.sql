create table payments (
  order_id     uuid primary key,
  payment_id   uuid not null,
  saga_id      uuid not null,
  user_id      uuid not null,
  pattern      text not null,
  amount_cents bigint not null check (amount_cents >= 0),
  currency     text not null,
  status       text not null check (status in ('processed', 'failed', 'refunded', 'void')),
  reason       text,
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now()
);

-- What the simulated provider remembers. It stands for another company's database: only provider.ts
-- touches it, and never within a transaction of the service.
create table provider_charges (
  order_id       uuid primary key,
  amount_cents   bigint not null check (amount_cents >= 0),
  refunded_cents bigint not null default 0 check (refunded_cents between 0 and amount_cents),
  currency       text not null,
  status         text not null check (status in ('approved', 'refused', 'refunded', 'closed')),
  refusal        text,
  created_at     timestamptz not null default now()
);
