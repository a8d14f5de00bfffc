-- What each client used of a route's minute and hour. One row per client and route, so that a request costs
-- one update of one row. Unlogged: losing the counters in a crash of the database costs nobody anything,
-- and writing them to the log would cost every request. No column but the key is indexed, and pages have
-- room, so that updates stay within the page.
create unlogged table rate_limits (
  client text not null,
  route text not null,
  minute_used integer not null,
  minute_ends_at timestamptz not null,
  hour_used integer not null,
  hour_ends_at timestamptz not null,
  primary key (client, route)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.1);
