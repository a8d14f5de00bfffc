import { type ServiceName, serviceNames } from "../../lib/events";
import { topology } from "../run/topology";
import { type Ground } from "./ground";

/** By sidecar: calls that it sent to a service, and how many of them were sent again. */
export type Attempts = Readonly<Record<string, { total: number; retries: number }>>;

/** Who calls a service through its sidecar. */
export function callersOf(service: ServiceName): ServiceName[] {
  return serviceNames.filter((caller) =>
    Object.values(topology[caller].peers).some((peer) => peer.service === service),
  );
}

/** What the callers' sidecars have counted since they started. */
export async function readAttempts(ground: Pick<Ground, "stats">, service: ServiceName): Promise<Attempts> {
  const name = new RegExp(
    `^cluster\\.outbound\\|[0-9]+\\|[^|]*\\|${service}\\.symphony\\.svc\\.cluster\\.local;?\\.upstream_rq_(total|retry)$`,
  );
  const attempts: Record<string, { total: number; retries: number }> = {};
  for (const caller of callersOf(service))
    for (const { replica, values } of await ground.stats(caller, name)) {
      const sum = (ending: string): number =>
        Object.entries(values)
          .filter(([key]) => name.test(key) && key.endsWith(ending))
          .reduce((total, [, value]) => total + value, 0);
      attempts[replica] = { total: sum("_total"), retries: sum("_retry") };
    }
  return attempts;
}

/** Calls sent for each that was asked for, between two readings; undefined where there were none. */
export function amplificationOf(before: Attempts, after: Attempts): number | undefined {
  let total = 0;
  let retries = 0;
  for (const [replica, now] of Object.entries(after)) {
    const then = before[replica];
    // A sidecar that started anew counts from zero.
    const base = then === undefined || then.total > now.total ? { total: 0, retries: 0 } : then;
    total += now.total - base.total;
    retries += now.retries - base.retries;
  }
  const asked = total - retries;
  return asked <= 0 ? undefined : Math.round((1000 * total) / asked) / 1000;
}
