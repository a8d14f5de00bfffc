import { v7 as uuidv7 } from "uuid";

import { chainedOrderSchema, completedOf } from "../../lib/chained-order";
import { currentCorrelationId } from "../../lib/context";
import { type Database } from "../../lib/db";
import { sensitiveFields } from "../../lib/events";
import { type Route, route } from "../../lib/route";
import { storable, withoutFields } from "./canonical";
import { toMicros } from "./chain";
import { record } from "./record";

/** Where order records an order itself, because there are no events. */
export function chainRoute({ db }: { db: Database }): Route {
  return route({
    method: "post",
    path: "/audit",
    summary: "Record a confirmed order (SYNCHRONOUS_CHAIN only)",
    body: chainedOrderSchema,
    responses: { 204: { description: "It is recorded" } },
    async handle({ body }, response) {
      const entry = {
        eventId: uuidv7(),
        name: "saga.completed",
        orderId: body.orderId.toLowerCase(),
        correlationId: storable(currentCorrelationId()),
        occurredAtMicros: toMicros(new Date(body.orderedAt)),
        recordedAtMicros: toMicros(new Date()),
        data: withoutFields(completedOf(body), sensitiveFields),
      };
      await db.transaction((tx) => record(tx, [entry]));
      response.status(204).end();
    },
  });
}
