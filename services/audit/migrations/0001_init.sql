create table audit_log (
  seq bigint primary key,
  event_id uuid not null unique,
  name text not null,
  order_id uuid not null,
  correlation_id text not null,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null,
  data jsonb not null,
  prev_hash bytea not null,
  hash bytea not null
);

create index audit_log_order on audit_log (order_id, seq);
create index audit_log_correlation on audit_log (correlation_id, seq);

-- The end of the chain. Locked by whoever appends, so that replicas append one after the other; and it keeps
-- what a removed tail would take away.
create table audit_head (
  only_row boolean primary key default true check (only_row),
  seq bigint not null,
  hash bytea not null
);

insert into audit_head (seq, hash) values (0, decode(repeat('00', 32), 'hex'));

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only: % refused', tg_table_name, lower(tg_op)
    using errcode = 'insufficient_privilege';
end
$$;

create trigger audit_log_append_only
  before update or delete on audit_log
  for each row execute function refuse_change();

create trigger audit_log_no_truncate
  before truncate on audit_log
  for each statement execute function refuse_change();

create trigger audit_head_stays
  before delete or truncate on audit_head
  for each statement execute function refuse_change();

-- The service owns its tables; it gives up what it never needs.
revoke update, delete, truncate on audit_log from current_user;
revoke delete, truncate on audit_head from current_user;
