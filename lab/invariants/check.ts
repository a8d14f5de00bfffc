import { type Facts, type OrderFact, type OutboxFact, type Report, type Violation } from "./facts";

const terminal = new Set(["confirmed", "failed"]);
const holdsStock = new Set(["reserved", "sold"]);

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return groups;
}

export type Holdings = { paid: number; payments: number; stock: number; sold: number; shipments: number };

/** What each order holds at inventory, payment (and its provider) and shipping. */
export function holdingsOf(facts: Facts): (orderId: string) => Holdings {
  const payments = groupBy(facts.payments, (fact) => fact.orderId);
  const charges = groupBy(facts.charges, (fact) => fact.orderId);
  const reservations = groupBy(facts.reservations, (fact) => fact.orderId);
  const shipments = groupBy(facts.shipments, (fact) => fact.orderId);
  const sum = (numbers: number[]) => numbers.reduce((total, value) => total + value, 0);
  return (orderId) => ({
    paid: sum((charges.get(orderId) ?? []).map(({ charged, refunded }) => charged - refunded)),
    payments: (payments.get(orderId) ?? []).filter(({ status }) => status === "processed").length,
    stock: sum(
      (reservations.get(orderId) ?? [])
        .filter(({ status }) => holdsStock.has(status))
        .map(({ quantity }) => quantity),
    ),
    sold: (reservations.get(orderId) ?? []).filter(({ status }) => status === "sold").length,
    shipments: (shipments.get(orderId) ?? []).filter(({ status }) => status === "scheduled").length,
  });
}

function checkConfirmed(order: OrderFact, held: Holdings): string[] {
  const wrong: string[] = [];
  if (held.paid !== order.amount) wrong.push(`paid ${held.paid} of ${order.amount}`);
  if (held.payments !== 1) wrong.push(`${held.payments} payments instead of 1`);
  if (held.sold !== 1 || held.stock !== order.quantity) {
    wrong.push(`${held.sold} sales of ${held.stock} pieces instead of 1 of ${order.quantity}`);
  }
  if (held.shipments !== 1) wrong.push(`${held.shipments} shipments instead of 1`);
  return wrong;
}

function checkFailed(held: Holdings): string[] {
  const wrong: string[] = [];
  if (held.paid !== 0 || held.payments !== 0) wrong.push(`still holds a charge of ${held.paid}`);
  if (held.stock !== 0) wrong.push(`still holds ${held.stock} pieces`);
  if (held.shipments !== 0) wrong.push(`still has ${held.shipments} shipments`);
  return wrong;
}

function checkOrders(facts: Facts): { violations: Violation[]; leftovers: Violation[] } {
  const violations: Violation[] = [];
  const leftovers: Violation[] = [];
  const holdings = holdingsOf(facts);
  for (const order of facts.orders) {
    const report = (invariant: string, detail: string, list = violations) =>
      list.push({ invariant, subject: `order ${order.id} (${order.pattern})`, detail });
    if (!terminal.has(order.status)) {
      if (order.deadlineAt < facts.readAt)
        report("every saga ends by its deadline", `is still ${order.status}`);
      continue;
    }
    const held = holdings(order.id);
    if (order.status === "confirmed") {
      for (const detail of checkConfirmed(order, held)) {
        report("a confirmed order has one charge, one sale and one shipment", detail);
      }
      continue;
    }
    const list = order.pattern === "events" ? leftovers : violations;
    for (const detail of checkFailed(held)) report("a failed order has nothing left", detail, list);
  }
  return { violations, leftovers };
}

function checkStrangers(facts: Facts): Violation[] {
  const known = new Set(facts.orders.map(({ id }) => id));
  const paid = facts.charges.filter(({ charged, refunded }) => charged !== refunded);
  const held = facts.reservations.filter(({ status }) => holdsStock.has(status));
  return [...paid, ...held, ...facts.shipments.filter(({ status }) => status === "scheduled")]
    .filter(({ orderId }) => !known.has(orderId))
    .map(({ orderId }) => ({
      invariant: "money, stock and shipments belong to an order",
      subject: `order ${orderId}`,
      detail: "the order service does not know it",
    }));
}

function checkStock(facts: Facts): Violation[] {
  const held = groupBy(facts.reservations, ({ productId }) => productId);
  const pieces = (productId: string, status: string) =>
    (held.get(productId) ?? [])
      .filter((reservation) => reservation.status === status)
      .reduce((total, { quantity }) => total + quantity, 0);
  return facts.products.flatMap((product) => {
    const wrong: string[] = [];
    if (product.available < 0) wrong.push(`${product.available} pieces available`);
    if (product.available + product.reserved + product.sold !== product.supplied) {
      wrong.push(
        `${product.available} available + ${product.reserved} reserved + ${product.sold} sold is not ${product.supplied} supplied`,
      );
    }
    for (const status of ["reserved", "sold"] as const) {
      if (product[status] !== pieces(product.id, status)) {
        wrong.push(
          `${product[status]} pieces ${status}, but the reservations say ${pieces(product.id, status)}`,
        );
      }
    }
    return wrong.map((detail) => ({
      invariant: "stock is conserved",
      subject: `product ${product.id}`,
      detail,
    }));
  });
}

function checkEvents(facts: Facts): Violation[] {
  const row = ({ service, subject, id }: OutboxFact) => `${service}'s ${subject} ${id}`;
  const unsent = facts.outbox
    .filter(({ status }) => status !== "published")
    .map((fact) => ({
      invariant: "every event is published",
      subject: row(fact),
      detail: `is ${fact.status}`,
    }));
  const sent = facts.outbox.filter(({ status }) => status === "published");
  const lost = sent
    .filter(({ id }) => !facts.streamIds.has(id))
    .map((fact) => ({ invariant: "every event is in the stream", subject: row(fact), detail: "is missing" }));
  const unaudited = sent
    .filter(({ id }) => facts.streamIds.has(id) && !facts.auditIds.has(id))
    .map((fact) => ({ invariant: "every event is audited", subject: row(fact), detail: "is missing" }));
  return [...unsent, ...lost, ...unaudited];
}

function checkEndings(facts: Facts): Violation[] {
  const endings = groupBy(
    facts.outbox.filter(({ subject }) => subject === "saga.completed" || subject === "saga.failed"),
    ({ aggregateId }) => aggregateId,
  );
  const mails = groupBy(facts.notifications, ({ orderId }) => orderId);
  return facts.orders
    .filter(({ status }) => terminal.has(status))
    .flatMap((order) => {
      const expected = order.status === "confirmed" ? "saga.completed" : "saga.failed";
      const events = (endings.get(order.id) ?? []).map(({ subject }) => subject);
      const kinds = (mails.get(order.id) ?? []).map(({ kind }) => kind);
      const subject = `order ${order.id} (${order.pattern})`;
      const violations: Violation[] = [];
      if (events.length !== 1 || events[0] !== expected) {
        violations.push({
          invariant: "an order ends once",
          subject,
          detail: `${order.status}, but its endings are [${events.join(", ")}]`,
        });
      }
      if (kinds.length !== 1 || kinds[0] !== `order-${order.status}`) {
        violations.push({
          invariant: "the customer hears once how it ended",
          subject,
          detail: `${order.status}, but the mails are [${kinds.join(", ")}]`,
        });
      }
      return violations;
    });
}

/**
 * Holds `facts` against what must always be true once the system is at rest. Pure: the same facts give the
 * same report.
 */
export function checkFacts(facts: Facts): Report {
  const { violations, leftovers } = checkOrders(facts);
  return {
    violations: [
      ...violations,
      ...checkStrangers(facts),
      ...checkStock(facts),
      ...checkEvents(facts),
      ...checkEndings(facts),
    ],
    leftovers,
    counts: {
      orders: facts.orders.length,
      confirmed: facts.orders.filter(({ status }) => status === "confirmed").length,
      failed: facts.orders.filter(({ status }) => status === "failed").length,
      events: facts.outbox.length,
      mails: facts.notifications.length,
    },
  };
}
