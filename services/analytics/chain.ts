import { chainedOrderSchema, completedOf } from "../../lib/chained-order";
import { type Database } from "../../lib/db";
import { type Route, route } from "../../lib/route";
import { project } from "./projection";
import { addToMinutes, holdGeneration } from "./store";

/** Where order has an order counted, because there are no events. */
export function chainRoute({ db }: { db: Database }): Route {
  return route({
    method: "post",
    path: "/analytics/orders",
    summary: "Count a confirmed order (SYNCHRONOUS_CHAIN only)",
    body: chainedOrderSchema,
    responses: { 204: { description: "It is counted" } },
    async handle({ body }, response) {
      const minutes = project([{ name: "saga.completed", data: completedOf(body) }]);
      await db.transaction(async (tx) => addToMinutes(tx, await holdGeneration(tx), minutes));
      response.status(204).end();
    },
  });
}
