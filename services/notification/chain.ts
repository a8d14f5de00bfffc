import { chainedOrderSchema, completedOf } from "../../lib/chained-order";
import { currentCorrelationId } from "../../lib/context";
import { type Database } from "../../lib/db";
import { type Route, route } from "../../lib/route";
import { mailFor } from "./mail";
import { mailsQueued } from "./sender";
import { queueMails } from "./store";

/** Where order asks for the mail itself, because there are no events. The sender sends it, as it always does. */
export function chainRoute({ db }: { db: Database }): Route {
  return route({
    method: "post",
    path: "/notifications",
    summary: "Record the mail of a confirmed order (SYNCHRONOUS_CHAIN only)",
    body: chainedOrderSchema,
    responses: { 204: { description: "The mail is recorded" } },
    async handle({ body }, response) {
      const mail = mailFor({ name: "saga.completed", data: completedOf(body) });
      await db.transaction(async (tx) => {
        await queueMails(tx, [{ ...mail, correlationId: currentCorrelationId() }]);
        tx.afterCommit(mailsQueued);
      });
      response.status(204).end();
    },
  });
}
