create table notifications (
  id uuid primary key,
  order_id uuid not null,
  kind text not null check (kind in ('order-confirmed', 'order-failed')),
  recipient text not null,
  subject text not null,
  -- what the template is filled with; the text and html of a mail follow from it
  details jsonb not null,
  correlation_id text not null,
  status text not null default 'queued' check (status in ('queued', 'sent', 'failed')),
  attempts integer not null default 0,
  -- when the mail is due; a sender that claims it moves this on by its lease
  next_attempt_at timestamptz not null default now(),
  last_error text,
  created_at timestamptz not null default now(),
  sent_at timestamptz,
  unique (order_id, kind)
);

create index notifications_due on notifications (next_attempt_at) where status = 'queued';
