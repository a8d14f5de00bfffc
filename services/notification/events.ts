import { onAll, type ReceivedEvent, type Subscription } from "../../lib/consumer";
import { type EventName } from "../../lib/events";
import { mailFor } from "./mail";
import { mailsQueued } from "./sender";
import { type NewMail, queueMails } from "./store";

/**
 * Records a mail for each order that ended; the sender is woken once that is committed. Sending is not part
 * of the transaction, because SMTP cannot be: a mail server that is down holds up no event.
 */
export const subscriptions: Subscription[] = [
  onAll(["saga.completed", "saga.failed"], async (tx, received) => {
    const mails = received.flatMap(mailOf);
    if (mails.length === 0) return;
    await queueMails(tx, mails);
    tx.afterCommit(mailsQueued);
  }),
];

function mailOf(event: ReceivedEvent<EventName>): NewMail[] {
  if (!isEnd(event)) return [];
  return [{ ...mailFor(event), correlationId: event.correlationId }];
}

function isEnd(
  event: ReceivedEvent<EventName>,
): event is ReceivedEvent<"saga.completed"> | ReceivedEvent<"saga.failed"> {
  return event.name === "saga.completed" || event.name === "saga.failed";
}
