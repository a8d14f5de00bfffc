import { z } from "zod";

import { Failure } from "../run/failure";
import type { Credentials } from "../run/secrets";
import { createShopClient } from "./client";

/**
 * The ids of the products, each with stock for its share of `orders`: what is short is restocked at the
 * inventory service by the administrator, because a load should find out about the system, not run dry.
 */
export async function loadCatalogue(options: {
  url: string;
  usersUrl: string;
  inventoryUrl: string;
  admin: Credentials;
  orders: number;
}): Promise<string[]> {
  const client = createShopClient(options);
  try {
    const products = await client.products();
    if (products.length === 0)
      throw new Failure("load.no_products", "the catalogue is empty", { fix: "run ./symphony reset" });
    // Twice the share: the products are drawn at random.
    const wanted = Math.ceil((options.orders * 2) / products.length) + 20;
    const short = products.filter((product) => product.available < wanted);
    if (short.length > 0) {
      const token = await client.login(options.admin);
      if (token === undefined) {
        throw new Failure("load.admin", "the administrator could not log in", {
          fix: "run ./symphony reset",
        });
      }
      for (const { id } of short) {
        const url = `${options.inventoryUrl}/inventory/${id}/restock`;
        const reply = await client.http.request({ method: "POST", url, token, body: { quantity: wanted } });
        if (reply.status < 300) continue;
        const { detail } = z
          .looseObject({ detail: z.string().default("") })
          .catch({ detail: "" })
          .parse(reply.body);
        throw new Failure("load.restock", `could not restock ${id}: ${String(reply.status)} ${detail}`);
      }
    }
    return products.map((product) => product.id);
  } finally {
    client.close();
  }
}
