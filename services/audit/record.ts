import { type Transaction } from "../../lib/db";
import { type Entry, extend } from "./chain";
import { append, lockHead } from "./store";

/**
 * Appends entries to the chain: one lock of the head and one insert. What is recorded already is left out: what the
 * inbox has forgotten by its age may come again when old events are published anew.
 */
export async function record(tx: Transaction, entries: Entry[]): Promise<void> {
  const ids = entries.map((entry) => entry.eventId);
  const { recorded, ...head } = await lockHead(tx, ids);
  await append(
    tx,
    extend(
      head,
      entries.filter((entry) => !recorded.has(entry.eventId)),
    ),
  );
}
