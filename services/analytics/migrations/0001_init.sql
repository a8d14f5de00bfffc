-- Sums of two maps from a name to a number: {"saga": 2} and {"saga": 1, "rest": 4} give {"saga": 3, "rest": 4}.
create function add_counts(a jsonb, b jsonb) returns jsonb language sql immutable parallel safe as $$
  select case
    when b = '{}' then a
    when a = '{}' then b
    else (
      select jsonb_object_agg(key, total)
      from (
        select key, sum(value::numeric) as total
        from (select * from jsonb_each_text(a) union all select * from jsonb_each_text(b)) as counts
        group by key
      ) as sums
    )
  end
$$;

-- One row per minute in which something happened. All rows of the live generation are the projection; a
-- rebuild fills a generation of its own and then becomes the live one.
create table order_minutes (
  generation uuid not null,
  minute timestamptz not null,
  created jsonb not null,             -- orders by pattern
  confirmed jsonb not null,           -- confirmed orders by pattern
  failed jsonb not null,              -- failed orders by class of reason
  revenue jsonb not null,             -- minor units of confirmed orders by currency
  confirmed_durations jsonb not null, -- confirmed orders by histogram bucket of their duration
  failed_durations jsonb not null,
  primary key (generation, minute)
) with (fillfactor = 50);             -- the minute that runs is rewritten with every batch

create table projection (
  only_row boolean primary key default true check (only_row),
  generation uuid not null            -- which rows of order_minutes are live
);

insert into projection (generation) values ('00000000-0000-0000-0000-000000000000');

create table rebuilds (
  id uuid primary key,                -- also the generation that it fills
  status text not null default 'running' check (status in ('running', 'done', 'failed')),
  events_read bigint not null default 0,
  started_at timestamptz not null default now(),
  heartbeat_at timestamptz not null default now(),
  finished_at timestamptz,
  error text
);

create unique index rebuilds_one_running on rebuilds (status) where status = 'running';

-- What a running rebuild has read: the stream may hold an event twice.
create table rebuild_events (
  rebuild_id uuid not null,
  event_id uuid not null,
  minute timestamptz not null,
  primary key (rebuild_id, event_id)
);

-- Events that a rebuild counted before they came to the live consumer, which passes over them.
create table counted_events (
  event_id uuid primary key
);
