import { type Disturbance, type Evidence } from "../mesh/disturb/disturbance";
import { type Activity, activity } from "./activities";
import { type Ground } from "./ground";
import { MethodRun } from "./method";

let happened: string[];
let evidence: Evidence;

const name = (disturbance: Disturbance): string =>
  "service" in disturbance ? `${disturbance.kind} ${disturbance.service}` : disturbance.kind;

/** A system that does what it is told and writes it down. */
function ground(refuse: string[] = []): Ground {
  const steps = new Map<number, string>();
  return {
    disturb: (disturbance: Disturbance) => {
      const what = name(disturbance);
      if (refuse.includes(what)) return Promise.reject(new Error("cannot"));
      const step = steps.size + 1;
      steps.set(step, what);
      happened.push(what);
      return Promise.resolve({ step, detail: what });
    },
    observe: () => Promise.resolve(evidence),
    heal: (step: number) => {
      happened.push(`heal ${String(steps.get(step))}`);
      return Promise.resolve();
    },
    readiness: () => Promise.resolve({ ready: true, detail: "all of it" }),
  } as unknown as Ground;
}

function run(on: Ground, signal = new AbortController().signal): MethodRun {
  const startedAt = performance.now();
  return new MethodRun({
    ground: on,
    products: [],
    seed: 1,
    signal,
    now: () => performance.now() - startedAt,
    say: () => undefined,
    flooded: [],
  });
}

const action = (func: string, given: object, rest: object = {}): Activity =>
  activity.parse({ type: "action", name: func, provider: { func, arguments: given }, ...rest });
const scale = (service: string, rest: object = {}): Activity =>
  action("scale", { service, replicas: 2, ...rest });

beforeEach(() => {
  happened = [];
  evidence = { seen: true, detail: "looked" };
});

test("an action with a time is healed after it, one without at the end, the last first", async () => {
  const method = run(ground());
  await method.perform([scale("order"), scale("payment", { for: "20ms" }), scale("user")]);
  expect(happened).toEqual(["scale order", "scale payment", "heal scale payment", "scale user"]);
  await method.close();
  expect(happened.slice(4)).toEqual(["heal scale user", "heal scale order"]);
  expect(method.effects.map(({ confirmed }) => confirmed)).toEqual([true, true, true]);
});

test("an action in the background lets the method go on", async () => {
  const method = run(ground());
  const slow = { ...scale("order", { for: "60ms" }), background: true } as Activity;
  await method.perform([slow, scale("payment", { for: "1ms" })]);
  expect(happened).toEqual(["scale order", "scale payment", "heal scale payment", "heal scale order"]);
});

test("an action that cannot be carried out ends the method, and what is in force is healed", async () => {
  const method = run(ground(["scale payment"]));
  await method.perform([scale("order"), scale("payment"), scale("user")]);
  await method.close();
  expect(happened).toEqual(["scale order", "heal scale order"]);
  expect(method.effects).toContainEqual({
    name: "scale",
    confirmed: false,
    detail: "could not be carried out: cannot",
  });
  expect(method.records.map(({ status }) => status)).toEqual(["succeeded", "failed"]);
});

test("whoever stops it has it healed at once", async () => {
  const stopping = new AbortController();
  const method = run(ground(), stopping.signal);
  const work = method.perform([scale("order", { for: "1h" }), scale("payment")]);
  stopping.abort();
  await work;
  await method.close();
  expect(happened.includes("scale payment")).toBe(false);
  expect(happened.filter((what) => what === "scale order")).toHaveLength(
    happened.filter((what) => what === "heal scale order").length,
  );
});

test("what was not seen is not confirmed", async () => {
  evidence = { seen: false, detail: "nothing there", of: 0, hit: 0, configuredPercent: 100 };
  const method = run(ground());
  await method.perform([action("abort", { service: "payment", for: "1ms" })]);
  expect(method.effects).toMatchObject([{ name: "abort", confirmed: false }]);
});

test("a probe in a method is written down with what it gave", async () => {
  const method = run(ground());
  await method.perform([
    activity.parse({ type: "probe", name: "ready?", tolerance: false, provider: { func: "ready" } }),
  ]);
  expect(method.records).toMatchObject([{ status: "succeeded", output: true, tolerance_met: false }]);
  expect(method.effects).toEqual([]);
});
