import { createWaiter } from "./waiter";

const hour = 3_600_000;

test("a wake ends a wakeable wait", async () => {
  const waiter = createWaiter();
  const waiting = waiter.wait(hour, { wakeable: true });
  waiter.wake();
  await expect(waiting).resolves.toBeUndefined();
});

test("a wake that nobody waited for ends the next wakeable wait", async () => {
  const waiter = createWaiter();
  waiter.wake();
  await waiter.wait(1, { wakeable: false });
  await expect(waiter.wait(hour, { wakeable: true })).resolves.toBeUndefined();
});

test("a wake does not end a wait that is not wakeable, the end does", async () => {
  const waiter = createWaiter();
  let over = false;
  const waiting = waiter.wait(hour, { wakeable: false }).then(() => (over = true));
  waiter.wake();
  await Promise.resolve();
  expect(over).toBe(false);
  waiter.end();
  await waiting;
  await expect(waiter.wait(hour, { wakeable: true })).resolves.toBeUndefined();
});
