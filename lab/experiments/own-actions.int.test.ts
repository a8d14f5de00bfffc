import { enqueue } from "../../lib/outbox";
import { startRelay } from "../../lib/relay";
import { sampleEvent } from "../../test/support/events";
import { type Spine, startSpine } from "../../test/support/spine";
import { waitFor } from "../../test/support/wait-for";
import { type System } from "../target/system";
import { type OwnProvider } from "./actions";
import { type OwnContext, performOwn } from "./own-actions";

let spine: Spine;
beforeEach(async () => {
  spine = await startSpine();
});
afterEach(() => spine.close());

const perform = (func: "replay" | "lose-unsent-events") => {
  const system = { databaseUrls: () => Promise.resolve({ inventory: spine.db.url }) };
  const context: OwnContext = {
    ...{ products: [], seed: 1, flooded: [], signal: new AbortController().signal },
    system: system as Partial<System> as System,
  };
  const provider: OwnProvider = { type: "symphony", func, arguments: {} };
  return performOwn(provider, context);
};

async function write(quantity: number): Promise<void> {
  await spine.db.transaction(async (tx) =>
    enqueue(tx, "inventory.released", sampleEvent("inventory.released", { quantity })),
  );
}

async function outbox(): Promise<{ quantity: number; status: string }[]> {
  const { rows } = await spine.db.query<{ data: string; status: string }>(
    "select data, status from outbox order by seq",
  );
  return rows.map(({ data, status }) => ({
    quantity: (JSON.parse(data) as { quantity: number }).quantity,
    status,
  }));
}

/** One event that was sent, and one that waits for a relay. */
async function writeBoth(): Promise<void> {
  const { db, bus, log } = spine;
  const relay = startRelay({ db, bus, log, metrics: spine.metrics(), pollMs: 50 });
  await write(1);
  await waitFor(async () => (await outbox())[0]?.status === "published");
  await relay.stop();
  await write(2);
}

test("what was not sent is lost, and what was sent stays to be replayed", async () => {
  await writeBoth();
  expect(await perform("lose-unsent-events")).toMatchObject({ seen: true, hit: 1 });
  expect(await outbox()).toEqual([{ quantity: 1, status: "published" }]);
  expect(await perform("lose-unsent-events")).toMatchObject({ seen: false, hit: 0 });
  expect(await perform("replay")).toMatchObject({ seen: true, hit: 1 });
  expect(await outbox()).toEqual([{ quantity: 1, status: "pending" }]);
});
