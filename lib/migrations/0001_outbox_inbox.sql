-- Events on their way out. A row is written in the transaction of the change that it tells of; the relay
-- publishes it. Rows stay for 7 days, so that they can be published again after a broker lost data.
create table outbox (
  id uuid primary key,                                -- UUIDv7; the event's ce-id and Nats-Msg-Id
  seq bigint generated always as identity,            -- order within an aggregate; never a watermark
  aggregate_id uuid not null,
  subject text not null,
  type text not null,
  data text not null,                                 -- JSON as text: nobody queries it, and its bytes stay as written
  traceparent text,
  correlation_id text not null,
  occurred_at timestamptz not null,
  status text not null default 'pending' check (status in ('pending', 'published', 'parked')),
  due_at timestamptz not null default now(),          -- not before; a relay that claims a row moves it to the end of its lease
  attempts smallint not null default 0,               -- times the broker refused this row for its own sake
  last_error text,
  published_at timestamptz
) with (
  -- Room in the page lets a claim, which touches no indexed column, leave the indexes alone.
  fillfactor = 80,
  -- Every row is updated twice soon after it was written; the default of 20 % would leave a long tail of dead rows.
  autovacuum_vacuum_scale_factor = 0.02
);

create index outbox_pending on outbox (seq) where status = 'pending';
create index outbox_pending_aggregate on outbox (aggregate_id, seq) where status = 'pending';

-- Events that have taken effect here. The row is inserted in the transaction of the effect.
create table inbox (
  message_id uuid primary key,
  received_at timestamptz not null default now()
);

create index inbox_received_at on inbox using brin (received_at);
