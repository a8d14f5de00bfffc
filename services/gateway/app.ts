import { z } from "zod";

import { type LocalAddress } from "../../lib/local-http";
import { type Route, route } from "../../lib/route";
import { type Composer, detailsSchema } from "./details";
import { type Health, healthSchema } from "./health";

export type GatewayDeps = {
  compose: Composer;
  checkHealth(own: LocalAddress): Promise<Health>;
  /** Where the gateway listens, where that is no port. */
  socket: string | undefined;
};

/** What the gateway answers itself, rather than passes on. */
export function createRoutes({ compose, checkHealth, socket }: GatewayDeps): Route[] {
  return [
    route({
      method: "get",
      path: "/health",
      summary: "State of every service",
      responses: {
        200: { description: "The gateway serves; some service may be down", schema: healthSchema },
        503: { description: "The gateway itself is not fit to serve", schema: healthSchema },
      },
      async handle({ raw }, response) {
        const { localAddress: host = "127.0.0.1", localPort: port = 0 } = raw.socket;
        const health = await checkHealth(socket === undefined ? { host, port } : { pipe: socket });
        response.status(health.status === "down" ? 503 : 200);
        response.set("Cache-Control", "no-store").json(health);
      },
    }),
    route({
      method: "get",
      path: "/api/orders/:orderId/details",
      summary: "One order with its payment, shipment and notifications: its owner or an administrator",
      access: "user",
      params: z.strictObject({ orderId: z.uuid() }),
      responses: { 200: { description: "What could be found out; see missing", schema: detailsSchema } },
      errors: ["order.not_found", "auth.forbidden", "peer.unavailable", "peer.timeout", "rate.limited"],
      async handle({ params, raw }, response) {
        response.json(
          await compose({ orderId: params.orderId, authorization: raw.headers.authorization ?? "" }),
        );
      },
    }),
  ];
}
