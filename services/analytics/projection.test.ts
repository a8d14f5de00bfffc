import { type EventData } from "../../lib/events";
import { type CountedEvent, emptyTotals, minuteOf, project, reasonClass, toJson } from "./projection";

const id = "01930000-0000-7000-8000-000000000000";
const common = {
  saga_id: id,
  order_id: id,
  user_id: id,
  product_id: "p",
  quantity: 1,
  amount: 500,
  currency: "EUR",
};

const created = (timestamp: string, pattern: EventData<"order.created">["pattern"]): CountedEvent => ({
  name: "order.created",
  data: {
    ...common,
    pattern,
    payment_token: "tok_ok",
    address: { line1: "1", city: "c", postalCode: "1", country: "DE" },
    email: "a@example.com",
    timestamp,
  },
});
const completed = (completed_at: string, duration_ms: number, currency = "EUR"): CountedEvent => ({
  name: "saga.completed",
  data: { ...common, currency, pattern: "saga", email: "a@example.com", duration_ms, completed_at },
});
const failed = (failed_at: string, reason: string): CountedEvent => ({
  name: "saga.failed",
  data: { ...common, pattern: "saga", email: "a@example.com", duration_ms: 40, failed_at, reason },
});

test("events count in the minute in which they happened", () => {
  const minutes = project([
    completed("2026-01-01T10:01:00.000Z", 90),
    created("2026-01-01T10:00:59.999Z", "saga"),
    created("2026-01-01T10:00:00.000Z", "rest"),
    created("2026-01-01T10:00:30.000Z", "saga"),
    failed("2026-01-01T10:01:10.000Z", "payment.declined: no"),
    completed("2026-01-01T10:01:59.000Z", 90, "USD"),
  ]);
  expect(minutes).toEqual([
    { ...emptyTotals(), minute: "2026-01-01T10:00:00.000Z", created: { saga: 2, rest: 1 } },
    {
      minute: "2026-01-01T10:01:00.000Z",
      created: {},
      confirmed: { saga: 2 },
      failed: { "payment.declined": 1 },
      revenue: { EUR: 500, USD: 500 },
      confirmedDurations: { "90": 2 },
      failedDurations: { "40": 1 },
    },
  ]);
});

test.each([
  ["payment.declined", "payment.declined"],
  ["shipping.no_capacity: none left", "shipping.no_capacity"],
  ["payment.unheard_of", "other"],
  ["the carrier said no", "other"],
  ["", "other"],
])("the class of the reason %j is %s", (reason, expected) => {
  expect(reasonClass(reason)).toBe(expected);
});

test.each([
  ["2026-01-01T10:00:59.999Z", "2026-01-01T10:00:00.000Z"],
  ["0000-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"],
])("%s lies in the minute %s", (time, minute) => {
  expect(minuteOf(time)).toBe(minute);
});

test("totals as the API shows them", () => {
  const [minute] = project([completed("2026-01-01T10:00:00Z", 90)]);
  expect(toJson(minute!)).toEqual({
    orders: { total: 0, byPattern: {} },
    confirmed: { total: 1, byPattern: { saga: 1 }, durationMs: { p50: 90, p95: 90, p99: 90 } },
    failed: { total: 0, byReason: {}, durationMs: null },
    revenue: [{ currency: "EUR", amountCents: 500 }],
  });
});
