import { type ErrorCode, isErrorCode } from "../../lib/errors";
import { type EventData, type EventName, type Pattern } from "../../lib/events";

export type OrderStatus = "pending" | "saga_started" | "compensating" | "confirmed" | "failed";

export type Order = {
  id: string;
  sagaId: string;
  userId: string;
  email: string;
  pattern: Pattern;
  status: OrderStatus;
  productId: string;
  quantity: number;
  /** Minor units. */
  amountCents: number;
  currency: string;
  /** Inventory holds nothing for it any more, and said so while a rest or grpc request was still running. */
  released: boolean;
  failureCode?: string;
  failureReason?: string;
  correlationId: string;
  createdAt: Date;
  updatedAt: Date;
  deadlineAt: Date;
  completedAt?: Date;
};

/** What the participants tell, and what each does to an order that is still open. */
const effects = {
  "inventory.reserved": "progress",
  "payment.processed": "progress",
  "shipping.scheduled": "success",
  // Nothing was set aside, so nothing is left to undo.
  "inventory.reservation-failed": "undone",
  "payment.failed": "failure",
  "shipping.failed": "failure",
  "payment.refunded": "failure",
  // The last compensation: whatever came before it is undone too, even if its event is still on its way.
  "inventory.released": "undone",
} as const satisfies Partial<Record<EventName, string>>;

export type ParticipantEvent = keyof typeof effects;
export const participantEvents = Object.keys(effects) as ParticipantEvent[];
type Effect = (typeof effects)[ParticipantEvent];

export type Emission = { [N in EventName]: { name: N; data: EventData<N> } }[EventName];
/** One line of the timeline. */
export type Step = { event: EventName; at: Date; detail?: string };
/** An order after something happened: what to store, what to add to its timeline, what to tell the others. */
export type Change = { order: Order; steps: Step[]; emit: Emission[] };

export type Failure = { code?: string; reason: string };
/** How the calls of a rest or grpc order ended; `undone` is false where an undo call failed. */
export type SyncOutcome = { steps: Step[]; failure?: Failure & { undone: boolean } };

/** Whether nothing can happen to the order any more. */
export function isTerminal(status: OrderStatus): boolean {
  return status === "confirmed" || status === "failed";
}

/** Whether the order service makes the calls itself, while the customer waits. */
export function isSynchronous(pattern: Pattern): boolean {
  return pattern === "rest" || pattern === "grpc";
}

/** Whether an order of `pattern` has to hear of `event`: forward, a synchronous one knows the answers already. */
export function concerns(event: ParticipantEvent, pattern: Pattern): boolean {
  return !isSynchronous(pattern) || effects[event] === "failure" || effects[event] === "undone";
}

/** Whether `event` changes no order at all and only adds to the timeline. */
export function isProgress(event: ParticipantEvent): boolean {
  return effects[event] === "progress";
}

/**
 * What an event of a participant does to an order. Events come in any order and more than once: a terminal
 * order stays as it is, and an order that compensates never becomes confirmed.
 */
export function applyEvent(
  order: Order,
  event: { name: ParticipantEvent; at: Date; detail?: string; reason?: string },
  now: Date,
): Change {
  const step: Step = { event: event.name, at: event.at, ...(event.detail && { detail: event.detail }) };
  const status = nextStatus(order, effects[event.name]);
  const next: Order = { ...order, status };
  // Both say so once only: cancelled later, the order would wait in vain for inventory to undo something.
  if (effects[event.name] === "undone") next.released = true;
  if (status === "failed" || status === "compensating") explain(next, event);
  return finish(order, next, [step], now);
}

/** An order past its deadline: compensation begins at shipping; with the pattern `events` nobody undoes. */
export function cancel(order: Order, reason: string, now: Date): Change {
  if (order.status !== "pending" && order.status !== "saga_started") return { order, steps: [], emit: [] };
  return fail(order, { code: "order.cancelled", reason }, order.pattern === "events", now);
}

/** The end of a rest or grpc request. Where the order was cancelled meanwhile, the cancellation stands. */
export function settle(order: Order, outcome: SyncOutcome, now: Date): Change {
  if (order.status !== "pending") return { order, steps: outcome.steps, emit: [] };
  if (!outcome.failure) return finish(order, { ...order, status: "confirmed" }, outcome.steps, now);
  const change = fail(order, outcome.failure, outcome.failure.undone, now);
  return { ...change, steps: [...outcome.steps, ...change.steps] };
}

/** `order.created`, and for a saga `order.saga-started`, of a new order. */
export function openingEvents(
  order: Order,
  details: { paymentToken: string; address: EventData<"order.created">["address"] },
): Emission[] {
  const at = order.createdAt.toISOString();
  const data = {
    ...identity(order),
    ...line(order),
    ...money(order),
    payment_token: details.paymentToken,
    address: details.address,
  };
  const created: Emission = { name: "order.created", data: { ...data, email: order.email, timestamp: at } };
  if (order.pattern !== "saga") return [created];
  return [created, { name: "order.saga-started", data: { ...data, started_at: at } }];
}

function nextStatus(order: Order, effect: Effect): OrderStatus {
  const { pattern, status } = order;
  if (isTerminal(status) || effect === "progress") return status;
  // The request that runs the calls decides, as long as it does; afterwards the backward chain does.
  if (isSynchronous(pattern) && (status === "pending" || effect !== "undone")) return status;
  if (effect === "success") return status === "compensating" ? status : "confirmed";
  return effect === "undone" || pattern === "events" ? "failed" : "compensating";
}

function fail(order: Order, failure: Failure, undone: boolean, now: Date): Change {
  const next: Order = { ...order, failureReason: failure.reason };
  if (failure.code) next.failureCode = failure.code;
  if (undone || order.released) return finish(order, { ...next, status: "failed" }, [], now);
  const cancelled: Emission = {
    name: "order.cancelled",
    data: { ...identity(order), reason: failure.reason, cancelled_at: now.toISOString() },
  };
  return {
    order: { ...next, status: "compensating", updatedAt: now },
    steps: [{ event: cancelled.name, at: now, detail: failure.reason }],
    emit: [cancelled],
  };
}

/** Fills in what the change of status brings with it: times, and the one terminal event. */
function finish(before: Order, after: Order, steps: Step[], now: Date): Change {
  if (after.status === before.status) return { order: after, steps, emit: [] };
  if (!isTerminal(after.status)) return { order: { ...after, updatedAt: now }, steps, emit: [] };
  const order: Order = { ...after, updatedAt: now, completedAt: now };
  const data = {
    ...identity(order),
    ...line(order),
    ...money(order),
    email: order.email,
    duration_ms: durationMs(order) ?? 0,
  };
  const at = now.toISOString();
  const reason = order.failureReason ?? "unknown";
  const end: Emission =
    order.status === "confirmed"
      ? { name: "saga.completed", data: { ...data, completed_at: at } }
      : { name: "saga.failed", data: { ...data, reason, failed_at: at } };
  const step: Step = { event: end.name, at: now, ...(order.status === "failed" && { detail: reason }) };
  return { order, steps: [...steps, step], emit: [end] };
}

/** The first event that gives a reason or a code wins; a late one only fills the gap. */
function explain(order: Order, event: { name: ParticipantEvent; reason?: string }): void {
  order.failureReason ??= event.reason;
  order.failureCode ??= codeOf(event);
}

/** Participants begin a reason with its code (`payment.declined: …`); without one the event tells enough. */
function codeOf(event: { name: ParticipantEvent; reason?: string }): ErrorCode | undefined {
  const [first] = (event.reason ?? "").split(/[:\s]/, 1);
  if (isErrorCode(first)) return first;
  const fallback: Partial<Record<ParticipantEvent, ErrorCode>> = {
    "inventory.reservation-failed": "inventory.insufficient_stock",
    "payment.failed": "payment.declined",
    "shipping.failed": "shipping.destination_refused",
  };
  return fallback[event.name];
}

/** Milliseconds from acceptance to the end; undefined while the order is open. */
export function durationMs(order: Order): number | undefined {
  return order.completedAt && Math.max(0, order.completedAt.getTime() - order.createdAt.getTime());
}

function identity(order: Order) {
  return { order_id: order.id, saga_id: order.sagaId, user_id: order.userId, pattern: order.pattern };
}

function line(order: Order) {
  return { product_id: order.productId, quantity: order.quantity };
}

function money(order: Order) {
  return { amount: order.amountCents, currency: order.currency };
}
