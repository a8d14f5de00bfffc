import { on, onAll, type Subscription } from "../../lib/consumer";
import { type Transaction } from "../../lib/db";
import { type EventData, type EventName } from "../../lib/events";
import { type Log } from "../../lib/log";
import { type OrderMetrics } from "./metrics";
import {
  applyEvent,
  concerns,
  isProgress,
  type ParticipantEvent,
  participantEvents,
  type Step,
} from "./order";
import { recordChange } from "./record";
import { addSteps, lockOrder } from "./store";

type Received = { name: EventName; time: string; data: EventData<EventName> };

/** What the order service does when a participant tells of its step. */
export function createSubscriptions(deps: { metrics: OrderMetrics; log: Log }): Subscription[] {
  function warn(event: Received): void {
    deps.log.warn({ order_id: event.data.order_id, event: event.name }, "an event of an unknown order");
  }

  const progress = participantEvents.filter(isProgress);
  const decisive = participantEvents.filter((name) => !isProgress(name));
  return [
    // Two of three events of a saga only add to the timeline: one statement for a whole batch of them.
    onAll(progress, async (tx, events) => {
      const ours = events.filter((event) => concerns(event.name as ParticipantEvent, event.data.pattern));
      if (ours.length === 0) return;
      const arrived = ours.map((event) => ({ orderId: event.data.order_id, step: stepOf(event) }));
      const known = await addSteps(tx, arrived);
      for (const event of ours) if (!known.has(event.data.order_id)) warn(event);
    }),
    ...decisive.map((name) =>
      on(name, {
        when: (data) => concerns(name, data.pattern),
        lockKey: (data) => data.order_id,
        async handle(tx, event) {
          if (!(await decide(tx, { name, time: event.time, data: event.data }, deps.metrics))) warn(event);
        },
      }),
    ),
  ];
}

/** Applies one event to its order. False for an unknown order. */
async function decide(
  tx: Transaction,
  event: Received & { name: ParticipantEvent },
  metrics: OrderMetrics,
): Promise<boolean> {
  const order = await lockOrder(tx, event.data.order_id);
  if (!order) return false;
  const { at, detail } = stepOf(event);
  const reason = "reason" in event.data ? event.data.reason : undefined;
  const arrival = { name: event.name, at, ...(detail && { detail }), ...(reason && { reason }) };
  await recordChange(tx, applyEvent(order, arrival, new Date()), metrics);
  return true;
}

function stepOf(event: Received): Step {
  const detail = detailOf(event);
  return { event: event.name, at: new Date(event.time), ...(detail && { detail }) };
}

function detailOf({ data }: Received): string | undefined {
  if ("reason" in data) return data.reason;
  if ("tracking_number" in data) return `tracking number ${data.tracking_number}`;
  if ("payment_id" in data) return `payment ${data.payment_id}`;
  if ("reserved_at" in data) return `${data.quantity} of ${data.product_id}`;
  return undefined;
}
