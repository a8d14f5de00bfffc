import { type NewOrder, type ShopClient } from "../../lab/load/client";
import { type Span } from "../../lab/telemetry/span";
import { type Pattern } from "../../lib/events";
import { type System } from "../support/system";
import { readTraces } from "../support/traces";
import { type Outcome } from "./edges";

export const product = "espresso-machine";

/** An order that comes to this outcome. */
export async function orderOf({ client }: { client: ShopClient }, outcome: Outcome): Promise<NewOrder> {
  if (outcome === "ok") return { productId: product, quantity: 1 };
  if (outcome === "declined") return { productId: product, quantity: 1, paymentToken: "tok_declined" };
  const products = await client.products();
  const available = products.find(({ id }) => id === "limited-print")?.available ?? 0;
  return { productId: "limited-print", quantity: available + 1 };
}

/** Places an order that must be taken or refused for what it is, and gives the spans of its trace as they come. */
export async function placeOrder(
  system: System,
  token: string,
  { outcome, pattern }: { outcome: Outcome; pattern: Pattern },
): Promise<{ id: string; spans: () => Promise<Span[]> }> {
  const placed = await system.client.place({ token, order: await orderOf(system, outcome), pattern });
  const id = placed.order?.correlationId ?? placed.problem?.correlationId ?? "";
  if (placed.order !== undefined) await system.settled(token, placed);
  const spans = async (): Promise<Span[]> =>
    (await readTraces(system, id)).find((trace) => trace.some(({ name }) => name === "POST /api/orders")) ??
    [];
  return { id, spans };
}

/** Takes the sink of spans away, a stopped one for a while, and expects orders to be confirmed and `more` to hold. */
export async function expectOrdersWithoutSink(
  system: System,
  signal: "SIGSTOP" | "SIGKILL",
  more?: () => Promise<void>,
): Promise<void> {
  const sink = system.stack.process("telemetry");
  const token = await system.customer();
  sink?.signal(signal);
  try {
    for (const pattern of ["saga", "rest", "grpc"] as const) {
      const placed = await system.client.place({ token, order: await orderOf(system, "ok"), pattern });
      const order = pattern === "saga" ? await system.settled(token, placed) : placed.order;
      expect(order?.status).toBe("confirmed");
    }
    await more?.();
  } finally {
    if (signal === "SIGSTOP") sink?.signal("SIGCONT");
  }
}
