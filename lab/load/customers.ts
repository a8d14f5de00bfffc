import { randomBytes } from "node:crypto";

import { Failure } from "../run/failure";
import { type ShopClient } from "./client";

/** Registers so many new customers and logs them in; their tokens. Rejects where one of them cannot log in. */
export async function enterCustomers(
  client: ShopClient,
  count: number,
  signal?: AbortSignal,
): Promise<string[]> {
  const batch = randomBytes(4).toString("hex");
  const password = randomBytes(12).toString("base64url");
  const tokens: string[] = [];
  const names = Array.from(
    { length: count },
    (_, index) => `load-${batch}-${String(index)}@symphony.example`,
  );
  const enterNext = async (): Promise<void> => {
    for (let email = names.pop(); email !== undefined; email = names.pop()) {
      signal?.throwIfAborted();
      await client.register({ email, password });
      const token = await client.login({ email, password });
      if (token === undefined) throw new Failure("load.login", `${email} could not log in`);
      tokens.push(token);
    }
  };
  // Three at a time keep the user service busy, which hashes two passwords at a time.
  await Promise.all([enterNext(), enterNext(), enterNext()]);
  return tokens;
}
