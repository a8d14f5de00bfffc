import { z } from "zod";

import { AppError } from "./errors";
import { patterns } from "./events";

/** What every RPC that is a step of an order says of it: which order, which saga, which pattern. */
export const stepReference = {
  order_id: z.uuid(),
  saga_id: z.uuid(),
  user_id: z.uuid(),
  pattern: z.enum(patterns),
};

/** The same in the services' own words. */
export function toReference(request: z.output<z.ZodObject<typeof stepReference>>) {
  return {
    orderId: request.order_id,
    sagaId: request.saga_id,
    userId: request.user_id,
    pattern: request.pattern,
  };
}

/** A refusal is an answer in gRPC, not an error of the call. Throws any other error that `work` throws. */
export async function answered<T>(refusals: readonly string[], work: () => Promise<T>) {
  try {
    return await work();
  } catch (error) {
    const refused =
      error instanceof AppError && (error.code === "order.cancelled" || refusals.includes(error.code));
    if (!refused) throw error;
    return { success: false, error_code: error.code, error_message: error.message };
  }
}
