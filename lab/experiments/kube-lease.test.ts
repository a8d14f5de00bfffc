import { exitCodes } from "../run/failure";
import { type Kubectl } from "../target/kubectl";
import { openKubeLease } from "./kube-lease";

/** An API server with one ConfigMap. Writing takes as long as it is told, the next one first. */
function cluster(delays: number[] = []): Kubectl {
  let stored: string | undefined;
  let version = 0;
  return {
    context: "kind-test",
    run: async (args, input) => {
      const [verb] = args;
      if (verb === "get") return stored ?? "";
      await new Promise((resolve) => setTimeout(resolve, delays.shift() ?? 0));
      if (verb === "delete") {
        stored = undefined;
        return "";
      }
      const object = JSON.parse(input ?? "") as { metadata: { resourceVersion?: string } };
      if (verb === "create" && stored !== undefined) throw new Error("AlreadyExists");
      if (verb === "replace" && object.metadata.resourceVersion !== String(version))
        throw new Error("Conflict");
      version += 1;
      object.metadata.resourceVersion = String(version);
      stored = JSON.stringify(object);
      return "";
    },
    json: () => Promise.resolve({ items: [] }),
    start: () => {
      throw new Error("nothing is started");
    },
  };
}

const fault = { disturbance: { kind: "fault", name: "payment-delay" } } as const;
const order = { disturbance: { kind: "scale", service: "order", replicas: 3 }, replicas: 1 } as const;

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
  const left = [
    { step: 2, left: order },
    { step: 1, left: fault },
  ];
  const next = openKubeLease(kubectl, () => now);
  expect(await next.take("the next", 15_000)).toEqual(left);
  // What it cannot heal is told again to whoever comes after it.
  await next.forget(2);
  now += 60_000;
  expect(await openKubeLease(kubectl, () => now).take("one more", 15_000)).toEqual(left.slice(1));
});

test("of two that find a lease that is over, one gets it", async () => {
  const kubectl = cluster();
  let now = 1_000_000;
  await openKubeLease(kubectl, () => now).take("it dies", 15_000);
  now += 60_000;
  const results = await Promise.allSettled(
    ["one", "another"].map((title) => openKubeLease(kubectl, () => now).take(title, 15_000)),
  );
  expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
});

test("a slow renewal does not undo what came after it, nor bring back a lease that was given back", async () => {
  // To take it, to renew it, to remember, to give it back.
  const kubectl = cluster([0, 60, 0, 0]);
  const lease = openKubeLease(kubectl);
  await lease.take("one", 15_000);
  const renewal = lease.renew();
  await Promise.all([renewal, lease.remember(1, fault)]);
  expect(await kubectl.run(["get"])).toContain("payment-delay");
  await Promise.all([lease.renew(), lease.give()]);
  expect(await kubectl.run(["get"])).toBe("");
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
