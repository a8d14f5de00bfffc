import { serviceNames, streams } from "../../../lib/events";
import { withBroker } from "../../run/clients";
import { type MeshTarget, sumStats, type Workload } from "../../target/target";

/** Calls between services, and how many of them were sent again by a sidecar. */
export type Calls = { attempts: number; retries: number };
/** Deliveries of events to services, and how many of them were not the first. */
export type Deliveries = { all: number; again: number };

const callers: readonly Workload[] = ["gateway", "order"];

/** What the sidecars of gateway and order have sent so far. */
export async function readCalls(target: MeshTarget): Promise<Calls> {
  const calls = { attempts: 0, retries: 0 };
  for (const caller of callers) {
    const sidecars = await target.stats(caller, /^cluster\.outbound\|.*upstream_rq_(total|retry)$/);
    calls.attempts += sumStats(sidecars, /upstream_rq_total$/);
    calls.retries += sumStats(sidecars, /upstream_rq_retry$/);
  }
  return calls;
}

/**
 * What the broker has delivered to the services so far. It is the broker that is asked: what a service counts ends with
 * its process. A consumer's sequence grows with each delivery; first ones are as many as its subjects have messages that
 * it does not still have to get.
 */
export function readDeliveries(natsUrl: string): Promise<Deliveries> {
  return withBroker(natsUrl, async (connection) => {
    const manager = await connection.jetstreamManager();
    const stream = streams.events.name;
    const { state } = await manager.streams.info(stream, { subjects_filter: ">" });
    const sum: Deliveries = { all: 0, again: 0 };
    for await (const { name, config, delivered, num_pending } of manager.consumers.list(stream)) {
      if (!(serviceNames as readonly string[]).includes(name)) continue;
      const { filter_subjects: several, filter_subject: one } = config;
      const subjects = several ?? (one === undefined ? [] : [one]);
      const messages = subjects.reduce((count, subject) => count + (state.subjects?.[subject] ?? 0), 0);
      sum.all += delivered.consumer_seq;
      sum.again += delivered.consumer_seq - (messages - num_pending);
    }
    return sum;
  });
}
