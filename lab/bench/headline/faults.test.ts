import { type Ground } from "../../experiments/ground";
import { type Disturbance, type Evidence } from "../../mesh/disturb/disturbance";
import { runFaults } from "./faults";
import { type FaultEvent } from "./schedule";

/** Only writes down what it is asked for: what is tested is when, and that everything is taken back. */
function ground(evidence: () => Evidence = () => ({ seen: true, detail: "seen" })) {
  const asked: Disturbance[] = [];
  const open = new Set<number>();
  const state = { begun: false, ended: false };
  const own: Partial<Ground> = {
    begin: () => Promise.resolve(void (state.begun = true)),
    disturb: (disturbance) => {
      const step = asked.push(disturbance);
      open.add(step);
      return Promise.resolve({ step, detail: "" });
    },
    observe: () => Promise.resolve().then(evidence),
    heal: (step) => Promise.resolve(void open.delete(step)),
    end: () => {
      state.ended = true;
      open.clear();
      return Promise.resolve([]);
    },
  };
  return { asked, open, state, own: own as Ground };
}

const never = new AbortController().signal;
const at = (kind: FaultEvent["kind"], atMs: number, endMs: number): FaultEvent => ({ kind, atMs, endMs });

test("each fault strikes in its turn, is looked at and taken back", async () => {
  const { asked, open, state, own } = ground();
  const events = [at("broker-killed", 0, 0), at("shipping-hangs", 20, 40), at("order-replica-dead", 60, 60)];
  expect(await runFaults(own, events, never)).toEqual(
    events.map((event) => ({ ...event, seen: true, detail: "seen" })),
  );
  expect(asked).toEqual([
    { kind: "kill", victim: "broker" },
    { kind: "pause", victim: "shipping" },
    { kind: "kill", victim: "order", replica: 2 },
  ]);
  expect([...open]).toEqual([]);
  expect(state).toEqual({ begun: true, ended: true });
});

test("a slow replica is stopped again and again", async () => {
  const { asked, open, own } = ground();
  await runFaults(own, [at("inventory-replica-slow", 0, 2_500)], never);
  expect(asked.length).toBeGreaterThan(1);
  expect(new Set(asked.map(({ kind }) => kind))).toEqual(new Set(["pause"]));
  expect([...open]).toEqual([]);
});

test("an effect that takes a moment is waited for", async () => {
  let looks = 0;
  const { own } = ground(() => {
    looks += 1;
    return { seen: looks > 2, detail: `look ${String(looks)}` };
  });
  const [struck] = await runFaults(own, [at("broker-killed", 0, 0)], never);
  expect(struck).toMatchObject({ seen: true, detail: "look 3" });
});

test.each([
  ["it is interrupted", AbortSignal.abort(), () => ({ seen: true, detail: "" })],
  [
    "it cannot be looked at",
    never,
    () => {
      throw new Error("no answer");
    },
  ],
])("where %s, it rejects, and what is in force is ended", async (_name, signal, evidence) => {
  const { state, own } = ground(evidence);
  await expect(runFaults(own, [at("shipping-hangs", 50, 5_000)], signal)).rejects.toThrow();
  expect(state.ended).toBe(true);
});

test("without faults nobody is asked for anything", async () => {
  const { state, own } = ground();
  expect(await runFaults(own, [], never)).toEqual([]);
  expect(state.begun).toBe(false);
});
