import { type EventData } from "../../lib/events";
import { type Html, html } from "./html";
import { reasonInWords } from "./reasons";

export const kinds = ["order-confirmed", "order-failed"] as const;
export type MailKind = (typeof kinds)[number];

/** What the templates are filled with. `amount` is in minor units of `currency`. */
export type MailDetails = {
  orderId: string;
  productId: string;
  quantity: number;
  amount: number;
  currency: string;
  /** Why the order failed, as the event says it. */
  reason?: string;
};

/** A mail as it is recorded, before anything is sent. */
export type Mail = {
  orderId: string;
  kind: MailKind;
  recipient: string;
  subject: string;
  details: MailDetails;
};

export type MailBody = { text: string; html: string };

const subjects: Record<MailKind, string> = {
  "order-confirmed": "Your order is confirmed",
  "order-failed": "Your order could not be completed",
};

/** The mail that the end of an order calls for. */
export function mailFor(
  end:
    | { name: "saga.completed"; data: EventData<"saga.completed"> }
    | { name: "saga.failed"; data: EventData<"saga.failed"> },
): Mail {
  const { order_id: orderId, product_id: productId, quantity, amount, currency, email } = end.data;
  const kind = end.name === "saga.completed" ? "order-confirmed" : "order-failed";
  return {
    orderId,
    kind,
    recipient: email,
    subject: `${subjects[kind]} (${shortId(orderId)})`,
    details: {
      orderId,
      productId,
      quantity,
      amount,
      currency,
      ...(end.name === "saga.failed" && { reason: end.data.reason }),
    },
  };
}

/**
 * The Message-ID of an order's mail of a kind: the same however often it is sent, so that a mail server or
 * a mail program recognises a second copy. `from` is an address or `Name <address>`.
 */
export function messageId(orderId: string, kind: MailKind, from: string): string {
  const domain = /@([^@>\s]+)>?\s*$/.exec(from)?.[1] ?? "symphony.invalid";
  return `<${orderId}.${kind}@${domain}>`;
}

/** The text and the HTML of a mail; the HTML holds the same words with every value escaped. */
export function renderBody(kind: MailKind, details: MailDetails): MailBody {
  const paragraphs = [
    "Hello,",
    ...(kind === "order-confirmed" ? confirmed() : failed(details)),
    "Thank you for shopping with Symphony.",
  ];
  const rows: [string, string][] = [
    ["Order", details.orderId],
    ["Product", details.productId],
    ["Quantity", String(details.quantity)],
    ["Total", formatMoney(details.amount, details.currency)],
  ];
  const [greeting, ...rest] = paragraphs;
  const closing = rest.pop();
  const text = [greeting, ...rest, rows.map(([name, value]) => `${name}: ${value}`).join("\n"), closing];
  return { text: `${text.join("\n\n")}\n`, html: page(paragraphs, rows).markup };
}

function confirmed(): string[] {
  return ["Your order is confirmed. It is paid, and the carrier has it."];
}

function failed(details: MailDetails): string[] {
  return [
    `Your order could not be completed: ${reasonInWords(details.reason ?? "")}`,
    "You have not been charged. Where a payment had been taken, it has been given back in full.",
  ];
}

function page(paragraphs: string[], rows: [string, string][]): Html {
  const lines = rows.map(
    ([name, value]) =>
      html`<tr>
        <th align="left">${name}</th>
        <td>${value}</td>
      </tr>`,
  );
  const table = html`<table>
    ${joined(lines)}
  </table>`;
  const words = paragraphs.map((paragraph) => html`<p>${paragraph}</p>`);
  const body = [...words.slice(0, -1), table, ...words.slice(-1)];
  return html`<!doctype html>
    <html lang="en">
      <body>
        ${joined(body)}
      </body>
    </html>`;
}

function joined(parts: Html[]): Html {
  return parts.reduce((all, part) => html`${all} ${part}`, html``);
}

function formatMoney(amount: number, currency: string): string {
  // Intl throws on anything but three letters, and a mail must not fail for its currency.
  if (!/^[A-Za-z]{3}$/.test(currency)) return `${amount} ${currency} (minor units)`;
  const format = new Intl.NumberFormat("en", { style: "currency", currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(amount / 10 ** digits);
}

function shortId(orderId: string): string {
  // The end of a UUIDv7 is random; its beginning is a time and much the same for orders of one day.
  return orderId.slice(-8);
}
