import { type NewOrder, type ShopClient } from "../../lab/load/client";
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
