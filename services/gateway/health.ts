import { z } from "zod";

const state = z.enum(["ok", "degraded", "down"]);
export type HealthState = z.infer<typeof state>;

export const healthSchema = z
  .object({
    status: state.describe("degraded: some service is not ok; down: the gateway itself is not"),
    services: z.record(
      z.string(),
      z.object({ status: state, latencyMs: z.number().describe("of its readiness probe, ms") }),
    ),
  })
  .meta({ id: "Health" });
export type Health = z.infer<typeof healthSchema>;

const probeDeadlineMs = 1_000;
/** /health is open and has no limit: this long its answer serves all who ask. */
const freshMs = 1_000;

/** What a service's /readyz says: degraded is ready, with something down that it can do without. */
export function readState(status: number, body: unknown): HealthState {
  if (status !== 200) return "down";
  const { checks } = (body ?? {}) as { checks?: unknown };
  const states: unknown[] = typeof checks === "object" && checks !== null ? Object.values(checks) : [];
  return states.every((check) => check === "up") ? "ok" : "degraded";
}

/** Of the gateway first, then of the others. */
export function overallState(gateway: HealthState, services: HealthState[]): HealthState {
  if (gateway === "down") return "down";
  return [gateway, ...services].every((one) => one === "ok") ? "ok" : "degraded";
}

async function probe(url: string): Promise<{ status: HealthState; latencyMs: number }> {
  const startedAt = performance.now();
  const ended = (status: HealthState) => ({
    status,
    latencyMs: Math.round((performance.now() - startedAt) * 10) / 10,
  });
  try {
    const response = await fetch(new URL("/readyz", url), { signal: AbortSignal.timeout(probeDeadlineMs) });
    return ended(readState(response.status, await response.json()));
  } catch {
    return ended("down");
  }
}

/** Asks every service for its readiness, the gateway itself at `ownUrl` among them. Never throws. */
export function createHealthCheck(urls: Record<string, string>): (ownUrl: string) => Promise<Health> {
  let last: { at: number; health: Promise<Health> } | undefined;

  async function check(ownUrl: string): Promise<Health> {
    const targets = Object.entries({ gateway: ownUrl, ...urls });
    const states = await Promise.all(targets.map(async ([name, url]) => [name, await probe(url)] as const));
    const [own, ...others] = states.map(([, { status }]) => status);
    return { status: overallState(own ?? "down", others), services: Object.fromEntries(states) };
  }

  return (ownUrl) => {
    if (!last || performance.now() - last.at > freshMs)
      last = { at: performance.now(), health: check(ownUrl) };
    return last.health;
  };
}
