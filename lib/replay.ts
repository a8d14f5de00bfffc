import { type Database } from "./db";
import { firstIdOf, republish } from "./outbox-store";

const batch = 2_000;

/**
 * Marks every event that was written since `since` pending again, parked ones too; the relay then sends them,
 * each with the id it had. It is for a broker that lost its data, and harmless otherwise: within the stream's
 * duplicate window of 2 min the broker takes an id once, which does not hinder a replay, because a stream that
 * was lost has lost its window too; consumers that had an event already find it in their inbox. Returns how
 * many rows were marked.
 */
export async function replayOutbox(db: Database, since: Date): Promise<number> {
  const until = firstIdOf(new Date(Date.now() + 1));
  let after = firstIdOf(since);
  let total = 0;
  for (;;) {
    const { count, lastId } = await republish(db, after, until, batch);
    total += count;
    if (lastId === undefined) return total;
    after = lastId;
  }
}
