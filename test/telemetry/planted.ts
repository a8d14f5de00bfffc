import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { logFolder } from "../../lab/run/log-files";
import { type System } from "../support/system";
import { readTraces } from "../support/traces";
import { waitFor } from "../support/wait-for";

/**
 * Plants data that nobody may find again: sends it wherever a user can, in bodies, paths and queries. Resolves with
 * each under its name once the system rests and the traces of the last requests have come.
 */
export async function plant(system: System): Promise<Record<string, string>> {
  const marker = (what: string): string => `planted${what}${randomBytes(4).toString("hex")}`;
  const secrets = {
    email: `${marker("email")}@symphony.example`,
    password: marker("password"),
    street: marker("street"),
    city: marker("city"),
    card: `tok_${marker("card")}`,
    path: marker("path"),
  };
  const { email, password, path } = secrets;
  const { client } = system;
  const token = await client.enter({ email, password });
  const address = { line1: secrets.street, city: secrets.city, postalCode: "10785", country: "DE" };
  const usual = { productId: "espresso-machine", quantity: 1, address };
  await system.settled(token, await client.place({ token, order: usual }));
  for (const pattern of ["saga", "rest", "grpc"] as const) {
    const order = { ...usual, paymentToken: secrets.card };
    const placed = await client.place({ token, order, pattern });
    if (placed.order !== undefined) await system.settled(token, placed);
  }
  const { url } = system.stack;
  await client.http.request({ method: "GET", url: `${url}/api/users/${email}`, token });
  await client.http.request({ method: "GET", url: `${url}/${path}?email=${email}` });
  await client.http.request({ method: "GET", url: `${url}/api/${path}/x?email=${email}` });
  await client.http.request({ method: "POST", url: `${url}/api/users/login`, body: { email, password: 7 } });
  await system.expectInvariants();
  await waitFor(
    async () => (await readTraces(system)).flat().some(({ name }) => name === "POST /api/users/*"),
    { timeoutMs: 20_000, what: "the spans of the last request" },
  );
  return { ...secrets, token };
}

/** What the processes of a system have logged whose names begin with one of `names`. */
export function readLogs(system: System, names: readonly string[]): string {
  const folder = logFolder(system.state);
  return readdirSync(folder)
    .filter((file) => names.some((name) => file.startsWith(name)))
    .map((file) => readFileSync(join(folder, file), "utf8"))
    .join("");
}
