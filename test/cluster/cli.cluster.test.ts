import { type Cluster, openCluster, type Output, run } from "../support/cluster";
import { breakersClosed } from "../support/mesh";
import { waitFor } from "../support/wait-for";

jest.setTimeout(300_000);

let cluster: Cluster;
beforeAll(async () => {
  cluster = await openCluster();
  await breakersClosed(cluster.target);
});
afterAll(async () => {
  await symphony("fault", "clear", "--all");
  await cluster?.close();
});

/** Refused by the service with 400, and so without effect. */
const charge = { to: "payment:8080", method: "POST", path: "/payments", body: {} } as const;

/** Runs a command as a user does, on the current context. */
const symphony = (...args: string[]): Promise<Output> =>
  run(process.execPath, ["symphony", "--target", "kube", ...args]);

async function json<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await symphony(...args, "--json");
  expect({ code, said: code === 0 ? "" : stdout + stderr }).toEqual({ code: 0, said: "" });
  return JSON.parse(stdout) as T;
}

test("status tells that all is ready, and what it uses", async () => {
  const status = await json<{ ready: boolean; memoryBytes: number; memoryRequestBytes: number }>("status");
  expect(status).toMatchObject({ ready: true, memoryBytes: expect.any(Number) as number });
  const mib = (bytes: number): string => `${String(Math.round(bytes / 2 ** 20))} MiB`;
  process.stderr.write(
    `all pods use ${mib(status.memoryBytes)} of ${mib(status.memoryRequestBytes)} requested\n`,
  );
});

test.each(["rest", "grpc", "saga", "events"])("order follows one to its end: %s", async (pattern) => {
  expect(await json("order", "--pattern", pattern)).toMatchObject({ status: "confirmed" });
});

test("load counts what was confirmed", async () => {
  const result = await json<{ sent: number; confirmed: number }>("load", "--rate", "3", "--duration", "5s");
  expect(result.sent).toBeGreaterThan(0);
  expect(result.confirmed).toBe(result.sent);
});

test("a fault is applied, seen at its rate and cleared", async () => {
  type Listed = { name: string; active: boolean };
  const isActive = async (): Promise<boolean | undefined> =>
    (await json<Listed[]>("fault", "list")).find(({ name }) => name === "payment-delay")?.active;
  expect(await isActive()).toBe(false);
  await json("fault", "apply", "payment-delay");
  expect(await isActive()).toBe(true);
  type Observed = {
    name: string;
    configured: { percent: number };
    observed: { calls: number; hit: number };
    symptom: string;
  };
  const seen = await waitFor(
    async () => {
      await cluster.target.call("order", charge, { count: 20, concurrency: 5 });
      const [status] = await json<Observed[]>("fault", "status", "payment-delay");
      return status !== undefined && status.observed.calls >= 40 ? status : undefined;
    },
    { timeoutMs: 90_000, what: "the sidecar's counters of payment-delay" },
  );
  expect(seen).toMatchObject({ name: "payment-delay", configured: { percent: 50 } });
  expect(seen.symptom).not.toBe("");
  const deviation = Math.sqrt(0.25 / seen.observed.calls);
  expect(Math.abs(seen.observed.hit / seen.observed.calls - 0.5)).toBeLessThan(5 * deviation);
  expect(await json("fault", "clear", "payment-delay")).toEqual({ cleared: ["payment-delay"] });
  expect(await isActive()).toBe(false);
});

test("logs gives the lines of the service that was asked for", async () => {
  const { code, stdout } = await symphony("logs", "order", "--lines", "20", "--json");
  expect(code).toBe(0);
  const lines = stdout.trim().split("\n");
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) expect(JSON.parse(line)).toMatchObject({ service: "order" });
});

test("no event lies with the dead letters, and money, stock and shipments agree", async () => {
  expect((await symphony("dlq", "list")).code).toBe(0);
  const { code, stdout, stderr } = await symphony("check:invariants");
  expect({ code, said: code === 0 ? "" : stdout + stderr }).toEqual({ code: 0, said: "" });
});

test("what is not there is refused in a line", async () => {
  const { code, stderr } = await symphony("fault", "apply", "no-such-fault");
  expect(code).toBe(2);
  expect(stderr).toMatch(/no-such-fault/);
});
