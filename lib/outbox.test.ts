import { sampleEvent } from "../test/support/events";
import { type Transaction } from "./db";
import { enqueue } from "./outbox";

test.each([
  { publishes: true, written: 1 },
  { publishes: false, written: 0 },
])(
  "where events are published ($publishes), $written statement is left for the commit",
  ({ publishes, written }) => {
    let flushes = 0;
    const tx: Transaction = {
      publishes,
      query: () => Promise.reject(new Error("not before the commit")),
      beforeCommit: () => void (flushes += 1),
      afterCommit: () => undefined,
    };
    enqueue(tx, "order.created", sampleEvent("order.created"));
    enqueue(tx, "order.created", sampleEvent("order.created"));
    expect(flushes).toBe(written);
  },
);
