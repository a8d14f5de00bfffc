import { waitFor } from "../../../test/support/wait-for";
import { exitCodes } from "../../run/failure";
import { type Disturbance } from "./disturbance";
import { type Host } from "./host";
import { Session } from "./session";

type Scaled = { service: string; replicas: number };
let scaled: Scaled[];
let said: string[];
let session: Session;

/** Replicas that are only counted: what is tested is who may change them, and that it is undone. */
function host(refuse: (order: Scaled) => boolean = () => false): Host {
  const counts = new Map<string, number>();
  const replicas = {
    list: (service: string) => Array.from({ length: counts.get(service) ?? 1 }, () => ({ ready: true })),
    scale: (service: string, count: number) => {
      const order = { service, replicas: count };
      if (refuse(order)) return Promise.reject(new Error("no more processes"));
      scaled.push(order);
      counts.set(service, count);
      return Promise.resolve();
    },
  };
  return { replicas } as unknown as Host;
}

const scale = (service: "order" | "payment", replicas: number): Disturbance => ({
  kind: "scale",
  service,
  replicas,
});
const begin = (leaseMs = 60_000): string => session.begin({ title: "an experiment", leaseMs }).id;

beforeEach(() => {
  scaled = [];
  said = [];
  session = new Session(host(), (line) => said.push(line));
});
afterEach(() => session.abandon());

test("a second experiment is refused until the first has ended", async () => {
  const id = begin();
  expect(() => begin()).toThrow(
    expect.objectContaining({ code: "experiment.running", exitCode: exitCodes.environment }),
  );
  await session.end(id);
  expect(begin()).not.toBe(id);
});

test("the end heals what is in force, the last first", async () => {
  const id = begin();
  await session.disturb(id, scale("order", 2));
  await session.disturb(id, scale("payment", 3));
  expect(await session.end(id)).toEqual({
    healed: ["payment from 1 to 3 replicas", "order from 1 to 2 replicas"],
  });
  expect(scaled.slice(2)).toEqual([
    { service: "payment", replicas: 1 },
    { service: "order", replicas: 1 },
  ]);
});

test("what was healed by a step is not healed again", async () => {
  const id = begin();
  const { step } = await session.disturb(id, scale("order", 2));
  expect(await session.observe(id, step)).toMatchObject({ seen: true, of: 2, hit: 2 });
  await session.heal(id, step);
  await session.heal(id, step);
  expect(await session.end(id)).toEqual({ healed: [] });
  expect(scaled).toHaveLength(2);
});

test("an experiment that does not renew its lease is healed without it, and is told so", async () => {
  const id = begin(50);
  await session.disturb(id, scale("order", 2));
  await waitFor(() => scaled.length === 2);
  expect(said).toEqual(['the experiment "an experiment" is gone; healing what it left']);
  await waitFor(() => {
    try {
      begin();
      return true;
    } catch {
      return false;
    }
  });
  await expect(session.disturb(id, scale("order", 3))).rejects.toMatchObject({ code: "experiment.lease" });
});

test("the system's own end heals too", async () => {
  await session.disturb(begin(), scale("order", 2));
  await session.abandon();
  expect(scaled.at(-1)).toEqual({ service: "order", replicas: 1 });
});

test("one that cannot be healed does not keep the others from it", async () => {
  session = new Session(
    host(({ service, replicas }) => service === "payment" && replicas === 1),
    (line) => said.push(line),
  );
  const id = begin();
  await session.disturb(id, scale("order", 2));
  await session.disturb(id, scale("payment", 3));
  await expect(session.end(id)).rejects.toMatchObject({
    code: "experiment.not_healed",
    message: expect.stringContaining("payment from 1 to 3 replicas: no more processes"),
  });
  expect(scaled.at(-1)).toEqual({ service: "order", replicas: 1 });
});

test("who has no lease does nothing", async () => {
  begin();
  await expect(session.disturb("somebody", scale("order", 2))).rejects.toMatchObject({
    code: "experiment.lease",
  });
  await expect(Promise.resolve().then(() => session.end("somebody"))).rejects.toMatchObject({
    code: "experiment.lease",
  });
  expect(scaled).toEqual([]);
});
