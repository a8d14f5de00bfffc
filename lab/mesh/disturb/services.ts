import { join } from "node:path";

import { type ServiceName } from "../../../lib/events";
import { requestLocal } from "../../../lib/local-http";
import { findProject } from "../../run/project";
import { type Supervised } from "../../run/supervised";
import { type Disturbed, type Evidence, isService, type Victim } from "./disturbance";
import { type Host } from "./host";
import { processesOf } from "./processes";

const nothing = (): Promise<void> => Promise.resolve();

function pidsOf(host: Host, victim: Victim): (number | undefined)[] {
  return processesOf(host, { victim }).map(({ pid }) => pid);
}

/** One that does not come up in order is started by force, and tried until it does. */
async function startAnew(process: Supervised, drain: boolean): Promise<void> {
  if (drain)
    try {
      await process.roll();
      return;
    } catch {
      // What is left of it is killed below.
    }
  await process.hold();
  await process.release();
}

/** Seen once every process of the victim is another one than before. */
function startedAnew(host: Host, victim: Victim, before: readonly (number | undefined)[]): Evidence {
  const now = pidsOf(host, victim);
  const fresh = now.filter((pid) => pid !== undefined && !before.includes(pid)).length;
  return {
    seen: fresh === now.length,
    detail: `${String(fresh)} of ${String(now.length)} processes are new`,
    of: now.length,
    hit: fresh,
  };
}

/** Every replica anew, or the one process of the broker or the database. */
export async function roll(
  host: Host,
  { victim, drain }: { victim: Victim; drain: boolean },
): Promise<Disturbed> {
  const before = pidsOf(host, victim);
  if (isService(victim)) await host.replicas.roll(victim, { drain });
  else for (const process of processesOf(host, { victim })) await startAnew(process, drain);
  const what = isService(victim) ? `${String(before.length)} replicas of ${victim}` : `the ${victim}`;
  return {
    detail: `restarted ${what}, ${drain ? "each drained first" : "by force"}`,
    observe: () => Promise.resolve(startedAnew(host, victim, before)),
    heal: nothing,
  };
}

/** More or fewer replicas; healed, as many as there were. */
export async function scale(
  host: Host,
  { service, replicas }: { service: ServiceName; replicas: number },
): Promise<Disturbed> {
  const before = host.replicas.list(service).length;
  await host.replicas.scale(service, replicas);
  return {
    detail: `${service} from ${String(before)} to ${String(replicas)} replicas`,
    observe: () => {
      const ready = host.replicas.list(service).filter((replica) => replica.ready).length;
      return Promise.resolve({
        seen: ready === replicas,
        detail: `${String(ready)} replicas of ${service} are ready`,
        of: replicas,
        hit: ready,
      });
    },
    heal: () => host.replicas.scale(service, before),
  };
}

/** Other variables for a service. */
export async function configure(
  host: Host,
  { service, set }: { service: ServiceName; set: Record<string, string> },
): Promise<Disturbed> {
  const before = pidsOf(host, service);
  host.runner.configure(service, set);
  const heal = async (): Promise<void> => {
    host.runner.configure(service, undefined);
    await host.replicas.roll(service, { drain: true });
  };
  await host.replicas.roll(service, { drain: true }).catch(async (error: unknown) => {
    await heal().catch(() => undefined);
    throw error;
  });
  return {
    detail: `${service} runs with ${Object.entries(set)
      .map(([name, value]) => `${name}=${value}`)
      .join(", ")}`,
    observe: () => Promise.resolve(startedAnew(host, service, before)),
    heal,
  };
}

/** Off by this much is no longer the time that the request took. */
const clockToleranceMs = 5_000;

/** What JavaScript calls the time, off by `byMs` in every process of a service. */
export async function skewClock(
  host: Host,
  { service, byMs }: { service: ServiceName; byMs: number },
): Promise<Disturbed> {
  const hook = join(findProject(), "dist/lab/mesh/disturb/skewed-clock.js");
  const configured = await configure(host, {
    service,
    set: { NODE_OPTIONS: `--require ${JSON.stringify(hook)}`, SYMPHONY_CLOCK_SKEW_MS: String(byMs) },
  });
  return {
    ...configured,
    detail: `the clock of ${service} is ${String(Math.abs(byMs) / 1000)} s ${byMs < 0 ? "slow" : "fast"}`,
    observe: async () => {
      const offsets = await Promise.all(
        host.runner.processes.instances
          .filter(({ instance }) => instance.service === service)
          .map(({ instance }) => clockOffset(instance.http)),
      );
      const skewed = offsets.filter((offset) => Math.abs(offset - byMs) < clockToleranceMs).length;
      return {
        seen: skewed === offsets.length,
        detail: `its ids tell a time that is ${offsets.map((ms) => `${(ms / 1000).toFixed(0)} s`).join(", ")} off`,
        of: offsets.length,
        hit: skewed,
      };
    },
  };
}

/** A correlation id that a service makes is a UUIDv7: its first 48 bits are the time, in ms, as the service sees it. */
async function clockOffset(address: Parameters<typeof requestLocal>[0]): Promise<number> {
  const { body } = await requestLocal(address, "/no-such-route");
  const { correlationId = "" } = JSON.parse(body) as { correlationId?: string };
  return Number.parseInt(correlationId.replaceAll("-", "").slice(0, 12), 16) - Date.now();
}
