import { exitCodes } from "../run/failure";
import { type Kubectl } from "../target/kubectl";
import { openKubeLease } from "./kube-lease";

/** An API server with one ConfigMap and no pods. */
function cluster(): Kubectl {
  let stored: string | undefined;
  return {
    context: "kind-test",
    run: (args, input) => {
      const [verb] = args;
      if (verb === "create" && stored !== undefined) return Promise.reject(new Error("AlreadyExists"));
      if (verb === "create" || verb === "apply") stored = input;
      if (verb === "delete") stored = undefined;
      return Promise.resolve(verb === "get" ? (stored ?? "") : "");
    },
    json: () => Promise.resolve({ items: [] }),
    start: () => {
      throw new Error("nothing is started");
    },
  };
}

const fault = { kind: "fault", name: "payment-delay" } as const;
const order = { kind: "scale", service: "order", replicas: 3 } as const;

test("a second experiment is refused while the first renews its lease, and not any more once it is over", async () => {
  const kubectl = cluster();
  let now = 1_000_000;
  const first = openKubeLease(kubectl, () => now);
  const second = openKubeLease(kubectl, () => now);
  expect(await first.take("the first", 15_000)).toEqual([]);
  now += 14_000;
  await first.renew();
  now += 14_000;
  await expect(second.take("the second", 15_000)).rejects.toMatchObject({
    code: "experiment.running",
    exitCode: exitCodes.environment,
    message: expect.stringContaining("the first"),
  });
  now += 2_000;
  expect(await second.take("the second", 15_000)).toEqual([]);
});

test("what one that died left in force is told to the next, the last first", async () => {
  const kubectl = cluster();
  let now = 1_000_000;
  const died = openKubeLease(kubectl, () => now);
  await died.take("it dies", 15_000);
  await died.remember(1, fault);
  await died.remember(2, order);
  await died.remember(3, fault);
  await died.forget(3);
  now += 60_000;
  expect(await openKubeLease(kubectl, () => now).take("the next", 15_000)).toEqual([
    { disturbance: order, replicas: 0 },
    { disturbance: fault },
  ]);
});

test("who gives it back leaves nothing", async () => {
  const kubectl = cluster();
  const lease = openKubeLease(kubectl);
  await lease.take("one", 15_000);
  await lease.remember(1, fault);
  await lease.give();
  expect(await openKubeLease(kubectl).take("two", 15_000)).toEqual([]);
  await expect(lease.renew()).rejects.toMatchObject({ code: "experiment.lease" });
});
