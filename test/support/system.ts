import { checkFacts } from "../../lab/invariants/check";
import { readFacts, type Sources, sourcesOf } from "../../lab/invariants/read";
import { waitForRest } from "../../lab/invariants/rest";
import { createShopClient, type OrderView, type Placed, type ShopClient } from "../../lab/load/client";
import { type Stack, type StackOptions } from "../../lab/run/stack";
import { startTemporaryStack } from "../../lab/run/temporary";
import { withoutTraces } from "../../lab/telemetry/process";

export type System = {
  stack: Stack;
  /** Its data and logs. */
  state: string;
  client: ShopClient;
  sources: Sources;
  /** A token of a customer made for this call, so that no test meets another one's rate limit. */
  customer(): Promise<string>;
  /** The order in its terminal state. */
  settled(token: string, placed: Placed): Promise<OrderView>;
  /** Waits until nothing is on its way, then fails where an invariant is violated. Returns what the pattern events left. */
  expectInvariants(): Promise<{ leftovers: number }>;
  stop(): Promise<void>;
};

/**
 * The whole system as processes, with a state of its own: what `npm start` runs, compiled. Without sidecars unless
 * asked for: Envoys watch files, and a user may hold 128 watches where several suites run side by side. Without traces,
 * too, which cost each process a third of a second at its start.
 */
export async function startSystem({
  traces = false,
  environment = process.env,
  ...options
}: Partial<
  Pick<StackOptions, "mesh" | "replicas" | "overrides" | "logLevel" | "environment"> & {
    rules: string;
    traces: boolean;
  }
> = {}): Promise<System> {
  const { stack, state, stop } = await startTemporaryStack({
    mesh: false,
    ...options,
    environment: traces ? environment : withoutTraces(environment),
  });
  const client = createShopClient({ url: stack.url, usersUrl: await stack.serviceUrl("user") });
  const sources = sourcesOf(stack);
  let customers = 0;
  return {
    stack,
    state,
    client,
    sources,
    customer: () =>
      client.enter({ email: `customer-${++customers}@symphony.example`, password: "a-password" }),
    async settled(token, placed) {
      if (placed.order === undefined) throw new Error(`the order was refused: ${placed.problem.code}`);
      return client.follow({ token, orderId: placed.order.id, timeoutMs: 60_000 });
    },
    async expectInvariants() {
      // A saga may take two deadlines of 30 s after a restart, and then a failing event its back-off of 55 s.
      expect(await waitForRest(() => sources)).toEqual([]);
      const report = checkFacts(await readFacts(sources));
      expect(report.violations).toEqual([]);
      return { leftovers: report.leftovers.length };
    },
    async stop() {
      client.close();
      await stop();
    },
  };
}
