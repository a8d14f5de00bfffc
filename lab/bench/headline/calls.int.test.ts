import { on, startConsumer } from "../../../lib/consumer";
import { publishEvent, sampleEvent } from "../../../test/support/events";
import { type Spine, startSpine } from "../../../test/support/spine";
import { waitFor } from "../../../test/support/wait-for";
import { readDeliveries } from "./calls";

let spine: Spine;
beforeEach(async () => {
  spine = await startSpine();
});
afterEach(() => spine.close());

test("deliveries are counted by the broker, those that were not the first too", async () => {
  const { bus, db, log } = spine;
  // Of a delivery a failed batch and the event alone are two tries.
  let failures = 3;
  let handled = 0;
  spine.after(
    startConsumer({
      ...{ service: "inventory", db, bus, log, metrics: spine.metrics(), backoffUnitMs: 5 },
      subscriptions: [
        on("order.cancelled", {
          handle: (_tx, { data }) => {
            if (data.reason === "first" && failures-- > 0) return Promise.reject(new Error("not yet"));
            handled += 1;
            return Promise.resolve();
          },
        }),
      ],
    }),
  );
  for (const reason of ["first", "second", "third"])
    await publishEvent(spine.nats.url, "order.cancelled", { ...sampleEvent("order.cancelled"), reason });
  await waitFor(() => handled >= 3);
  const { all, again } = await readDeliveries(spine.nats.url);
  expect(all - again).toBe(3);
  expect(again).toBeGreaterThanOrEqual(1);
});
