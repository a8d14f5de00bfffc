import { type EventData } from "../../lib/events";
import { html } from "./html";
import { type MailDetails, mailFor, messageId, renderBody } from "./mail";
import { reasonInWords } from "./reasons";

const orderId = "01930000-0000-7000-8000-0123456789ab";
const details: MailDetails = {
  orderId,
  productId: "keyboard-1",
  quantity: 2,
  amount: 12_345,
  currency: "EUR",
};
const end: EventData<"saga.completed"> = {
  saga_id: orderId,
  order_id: orderId,
  user_id: orderId,
  pattern: "saga",
  product_id: "keyboard-1",
  quantity: 2,
  amount: 12_345,
  currency: "EUR",
  email: "ada@example.com",
  duration_ms: 80,
  completed_at: "2026-01-01T00:00:00Z",
};

test("a confirmed order", () => {
  expect(mailFor({ name: "saga.completed", data: end })).toEqual({
    orderId,
    kind: "order-confirmed",
    recipient: "ada@example.com",
    subject: "Your order is confirmed (456789ab)",
    details,
  });
});

test("a failed order keeps its reason", () => {
  const { completed_at: failed_at, ...rest } = end;
  const mail = mailFor({ name: "saga.failed", data: { ...rest, failed_at, reason: "payment.declined" } });
  expect(mail).toMatchObject({ kind: "order-failed", details: { reason: "payment.declined" } });
});

test("text and HTML say the same", () => {
  const body = renderBody("order-confirmed", details);
  for (const words of ["confirmed", orderId, "keyboard-1", "€123.45"]) {
    expect(body.text).toContain(words);
    expect(body.html).toContain(words);
  }
});

test("a failed order's mail gives the reason in words", () => {
  const body = renderBody("order-failed", { ...details, reason: "payment.declined: card ending 0002" });
  expect(body.text).toContain("your payment was declined");
  expect(body.text).not.toContain("0002");
});

test("values are escaped in the HTML and left alone in the text", () => {
  const body = renderBody("order-confirmed", { ...details, productId: `<img src="x" onerror='y'>&` });
  expect(body.html).toContain("&lt;img src=&quot;x&quot; onerror=&#39;y&#39;&gt;&amp;");
  expect(body.html).not.toContain("<img");
  expect(body.text).toContain(`<img src="x"`);
});

test.each([
  ["EUR", 5, "€0.05"],
  ["JPY", 500, "¥500"],
  ["KWD", 1234, "1.234"],
  ["12$", 7, "7 12$ (minor units)"],
])("%s %d is shown as %s", (currency, amount, shown) => {
  expect(renderBody("order-confirmed", { ...details, currency, amount }).text).toContain(`Total: `);
  expect(renderBody("order-confirmed", { ...details, currency, amount }).text).toContain(shown);
});

test.each([
  ["orders@shop.example", "shop.example"],
  ["Symphony <orders@shop.example>", "shop.example"],
  ["nobody", "symphony.invalid"],
])("the Message-ID of a mail from %s", (from, domain) => {
  expect(messageId(orderId, "order-failed", from)).toBe(`<${orderId}.order-failed@${domain}>`);
});

test.each([
  ["inventory.insufficient_stock", "the product is not in stock"],
  ["payment.insufficient_funds: balance 3", "your account did not hold enough money"],
  ["shipping.destination_refused", "our carrier does not deliver"],
  ["order.cancelled", "it took longer than we allow"],
  ["", "something went wrong"],
  ["constructor.name", "something went wrong"],
  ["ECONNREFUSED 10.0.0.7", "something went wrong"],
])("the reason %j in words", (reason, words) => {
  expect(reasonInWords(reason)).toContain(words);
});

test("the html tag escapes values but not what it made itself", () => {
  expect(html`<p title="${'"'}">${"a & b"}${html`<i>b</i>`}${3}</p>`.markup).toBe(
    '<p title="&quot;">a &amp; b<i>b</i>3</p>',
  );
});
