import { z } from "zod";

import { createHttpClient } from "../../lib/http-client";
import { type Peers, type StepOrder } from "./peers";

type Addresses = {
  NOTIFICATION_URL?: string | undefined;
  AUDIT_URL?: string | undefined;
  ANALYTICS_URL?: string | undefined;
  CALL_DEADLINE_MS: number;
};

/**
 * What a system without events does once an order is paid and shipped: it asks notification, audit and analytics in
 * turn and waits for each. One that fails fails the order. Throws where an address is missing.
 */
export function createChain(addresses: Addresses): NonNullable<Peers["chain"]> {
  const { NOTIFICATION_URL, AUDIT_URL, ANALYTICS_URL, CALL_DEADLINE_MS: deadlineMs } = addresses;
  if (!NOTIFICATION_URL || !AUDIT_URL || !ANALYTICS_URL)
    throw new Error("SYNCHRONOUS_CHAIN needs NOTIFICATION_URL, AUDIT_URL and ANALYTICS_URL");
  const step = (peer: string, baseUrl: string, path: string) => {
    const client = createHttpClient({ peer, baseUrl, deadlineMs });
    return async (order: StepOrder): Promise<void> =>
      void (await client.request({ method: "POST", path, body: bodyOf(order), schema: z.unknown() }));
  };
  return [
    step("notification", NOTIFICATION_URL, "/notifications"),
    step("audit", AUDIT_URL, "/audit"),
    step("analytics", ANALYTICS_URL, "/analytics/orders"),
  ];
}

function bodyOf({ id, sagaId, userId, email, productId, quantity, amountCents, currency }: StepOrder) {
  const orderedAt = new Date().toISOString();
  return { orderId: id, sagaId, userId, email, productId, quantity, amountCents, currency, orderedAt };
}
