import { summarizeQuery } from "./query-span";

test.each([
  ["select id from orders where id = $1", "SELECT orders"],
  ["  select a,\n  b\n from orders where id = $1 for no key update", "SELECT orders"],
  [
    "insert into inbox (message_id) select id from unnest($1::uuid[]) as id on conflict do nothing",
    "INSERT inbox",
  ],
  ["with claim as (insert into keys (a) values ($1)) select id from claim", "INSERT keys"],
  ["with due as (select id from outbox for update of row) update outbox set due_at = now()", "UPDATE outbox"],
  ["delete from inbox where message_id = $1", "DELETE inbox"],
  ["insert into a (b) values ($1) on conflict (b) do update set b = $1", "INSERT a"],
  ["select 1", "SELECT"],
  ["commit", "COMMIT"],
  ["", "QUERY"],
])("%j is %s", (text, summary) => {
  expect(summarizeQuery(text)).toBe(summary);
});
