import { createShopClient } from "../load/client";

export const demoOrder = { productId: "espresso-machine", quantity: 1 };

/** In ms, sorted. */
export type Unloaded = { acceptMs: number[]; completeMs: number[] };

/**
 * One order after the other: how long a saga takes where nothing else runs. `run` tells the customers of one
 * measurement from those of another on the same system.
 */
export async function measureUnloaded(options: {
  url: string;
  usersUrl: string;
  orders: number;
  run?: string;
}): Promise<Unloaded> {
  const client = createShopClient(options);
  const acceptMs: number[] = [];
  const completeMs: number[] = [];
  try {
    for (let placed = 0; placed < options.orders; placed += 1) {
      // The gateway takes 100 requests a minute from one customer, and each order here is two.
      const email = `unloaded-${options.run ?? "0"}-${String(Math.floor(placed / 40))}@symphony.example`;
      const token = await client.enter({ email, password: "bench-password" });
      const from = performance.now();
      const answer = await client.place({ token, order: demoOrder });
      acceptMs.push(performance.now() - from);
      if (answer.order === undefined) throw new Error(`an order was refused: ${answer.problem.code}`);
      const order = await client.follow({ token, orderId: answer.order.id, timeoutMs: 30_000 });
      if (order.status !== "confirmed") throw new Error(`an order is ${order.status}`);
      completeMs.push(order.durationMs ?? Number.NaN);
    }
  } finally {
    client.close();
  }
  return { acceptMs: acceptMs.sort((a, b) => a - b), completeMs: completeMs.sort((a, b) => a - b) };
}
