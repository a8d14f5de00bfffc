import { on, type Subscription } from "../../lib/consumer";
import { AppError } from "../../lib/errors";
import { type EventData } from "../../lib/events";
import { type ScheduleCommand } from "./shipment";
import { recordCancel, recordSchedule, type StepDeps } from "./steps";

/** What shipping does when something happened elsewhere. */
export function createSubscriptions({ carrier }: StepDeps): Subscription[] {
  return [
    on("payment.processed", {
      // With `rest` and `grpc` the order service asks for the shipment itself.
      when: (data) => data.pattern === "saga" || data.pattern === "events",
      async handle(tx, event) {
        await recordSchedule(tx, carrier, scheduleCommand(event.data));
      },
    }),
    on("order.cancelled", {
      // With `events` nobody undoes.
      when: (data) => data.pattern !== "events",
      async handle(tx, event) {
        await recordCancel(tx, { ...reference(event.data), reason: event.data.reason });
      },
    }),
  ];
}

function scheduleCommand(data: EventData<"payment.processed">): ScheduleCommand {
  if (data.address === undefined) throw new AppError("event.invalid", "payment.processed carries no address");
  return { ...reference(data), address: data.address };
}

function reference(data: EventData<"payment.processed"> | EventData<"order.cancelled">) {
  return { orderId: data.order_id, sagaId: data.saga_id, userId: data.user_id, pattern: data.pattern };
}
