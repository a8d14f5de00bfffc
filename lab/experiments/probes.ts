import { JSONCodec } from "nats";

import { type ServiceName } from "../../lib/events";
import { streams } from "../../lib/events";
import { checkFacts } from "../invariants/check";
import { type Violation } from "../invariants/facts";
import { readFacts, type Sources } from "../invariants/read";
import { waitForRest } from "../invariants/rest";
import { createShopClient, isTerminal } from "../load/client";
import { type System } from "../target/system";
import { type Probe } from "./activities";
import { pause } from "./clock";
import { type Ground } from "./ground";
import { withBus } from "./own-actions";

/** What a probe gave: a value, and in words what stands behind it. */
export type Reading = { value: boolean | number | string; detail: string };
type Tolerance = Probe["tolerance"];

/** Whether a value is what it must be. */
export function tolerates(tolerance: Tolerance, value: Reading["value"]): boolean {
  if (!Array.isArray(tolerance)) return value === tolerance;
  const [low, high] = tolerance;
  return typeof value === "number" && value >= low && value <= high;
}

/** Looks once. What cannot be asked is told as the reading. */
export async function takeProbe(ground: Ground, { provider }: Pick<Probe, "provider">): Promise<Reading> {
  const { system } = ground;
  switch (provider.func) {
    case "ready": {
      const { ready, detail } = await ground.readiness();
      return { value: ready, detail };
    }
    case "active-faults": {
      const faults = await ground.activeFaults();
      return { value: faults.length, detail: faults.length === 0 ? "none is in force" : faults.join(", ") };
    }
    case "order":
      return placeOrder(system, provider.arguments);
    case "violations": {
      const { violations, unsettled } = await checkAtRest(system, 30_000);
      return { value: violations.length, detail: unsettled[0] ?? violations[0]?.invariant ?? "at rest" };
    }
    case "dead-letters": {
      const count = await countDeadLetters(system);
      return { value: count, detail: `${String(count)} events wait there` };
    }
    case "replicas": {
      const { service } = provider.arguments;
      return { value: await ground.readyReplicas(service), detail: `of ${service} are ready` };
    }
  }
}

const askAgainMs = 1_000;

/** Looks until the probe gives what it must, for at most `settleMs` or until `signal` is aborted; gives the last reading. */
export async function settledProbe(
  ground: Ground,
  probe: Pick<Probe, "provider" | "tolerance">,
  { settleMs, signal, everyMs = askAgainMs }: { settleMs: number; signal: AbortSignal; everyMs?: number },
): Promise<Reading> {
  const deadline = Date.now() + settleMs;
  for (;;) {
    const reading = await takeProbe(ground, probe);
    if (tolerates(probe.tolerance, reading.value) || signal.aborted || Date.now() >= deadline) return reading;
    await pause(everyMs, signal);
  }
}

async function placeOrder(
  system: System,
  { pattern, within }: Extract<Probe["provider"], { func: "order" }>["arguments"],
): Promise<Reading> {
  const client = createShopClient({ url: await system.url(), usersUrl: await system.serviceUrl("user") });
  try {
    const token = await client.enter(await system.demo());
    const [product] = await client.products();
    if (product === undefined) return { value: "refused", detail: "the catalogue is empty" };
    const placed = await client.place({ token, order: { productId: product.id, quantity: 1 }, pattern });
    if (placed.order === undefined) return { value: "refused", detail: placed.problem.code };
    if (isTerminal(placed.order.status)) return { value: placed.order.status, detail: placed.order.id };
    const ended = await client
      .follow({ token, orderId: placed.order.id, timeoutMs: within })
      .catch(() => undefined);
    return { value: ended?.status ?? "open", detail: placed.order.id };
  } catch (error) {
    return { value: "refused", detail: error instanceof Error ? error.message : String(error) };
  } finally {
    client.close();
  }
}

async function sourcesOf(system: System): Promise<Sources> {
  return {
    databases: (await system.databaseUrls()) as Record<ServiceName, string>,
    natsUrl: await system.natsUrl(),
  };
}

export const keyOf = ({ invariant, subject, detail }: Violation): string =>
  `${invariant}: ${subject}: ${detail}`;

/** Every violated invariant, once nothing is on its way, or after `limitMs`; then also what still is. */
export async function checkAtRest(
  system: System,
  limitMs: number,
): Promise<{ violations: Violation[]; unsettled: string[] }> {
  const unsettled = await waitForRest(() => sourcesOf(system), limitMs);
  return { violations: checkFacts(await readFacts(await sourcesOf(system))).violations, unsettled };
}

const info = JSONCodec<{ state?: { messages?: number } }>();

/** How many events wait in the stream of dead letters. */
export async function countDeadLetters(system: System): Promise<number> {
  return withBus(await system.natsUrl(), async (bus) => {
    const connection = await bus.connection(5000);
    const answer = await connection.request(`$JS.API.STREAM.INFO.${streams.deadLetters.name}`, "", {
      timeout: 5000,
    });
    return info.decode(answer.data).state?.messages ?? 0;
  });
}
