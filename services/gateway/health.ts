import { z } from "zod";

import { type LocalAddress, requestLocal } from "../../lib/local-http";

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

type Probed = { status: HealthState; latencyMs: number };

async function probe(ask: () => Promise<{ status: number; body: unknown }>): Promise<Probed> {
  const startedAt = performance.now();
  const ended = (status: HealthState) => ({
    status,
    latencyMs: Math.round((performance.now() - startedAt) * 10) / 10,
  });
  try {
    const { status, body } = await ask();
    return ended(readState(status, body));
  } catch {
    return ended("down");
  }
}

async function askPeer(url: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(new URL("/readyz", url), { signal: AbortSignal.timeout(probeDeadlineMs) });
  return { status: response.status, body: await response.json() };
}

async function askSelf(own: LocalAddress): Promise<{ status: number; body: unknown }> {
  const { status, body } = await requestLocal(own, "/readyz", { timeoutMs: probeDeadlineMs });
  return { status, body: JSON.parse(body) };
}

/** Asks every service for its readiness, the gateway itself where it listens among them. Never throws. */
export function createHealthCheck(urls: Record<string, string>): (own: LocalAddress) => Promise<Health> {
  let last: { at: number; health: Promise<Health> } | undefined;

  async function check(own: LocalAddress): Promise<Health> {
    const targets: [string, () => ReturnType<typeof askPeer>][] = [
      ["gateway", () => askSelf(own)],
      ...Object.entries(urls).map(([name, url]): (typeof targets)[number] => [name, () => askPeer(url)]),
    ];
    const states = await Promise.all(targets.map(async ([name, ask]) => [name, await probe(ask)] as const));
    const [self, ...others] = states.map(([, { status }]) => status);
    return { status: overallState(self ?? "down", others), services: Object.fromEntries(states) };
  }

  return (own) => {
    if (!last || performance.now() - last.at > freshMs) last = { at: performance.now(), health: check(own) };
    return last.health;
  };
}
