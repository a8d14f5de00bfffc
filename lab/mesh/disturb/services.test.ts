import { type Host } from "./host";
import { roll } from "./services";

/** A broker that only counts: what is tested is how it is brought to a new process. */
function brokerOf(rolls: boolean): { host: Host; did: string[] } {
  const did: string[] = [];
  const broker = {
    pid: 1,
    roll: () => {
      did.push("roll");
      if (!rolls) return Promise.reject(new Error("not ready"));
      broker.pid += 1;
      return Promise.resolve();
    },
    hold: () => Promise.resolve(did.push("hold")),
    release: () => {
      broker.pid += 1;
      return Promise.resolve(did.push("release"));
    },
  };
  const find = (name: string) => (name === "nats" ? broker : undefined);
  return { host: { runner: { processes: { find } } } as unknown as Host, did };
}

test.each([
  ["in order", true, true, ["roll"]],
  ["by force", false, true, ["hold", "release"]],
  ["by force where it does not come up in order", true, false, ["roll", "hold", "release"]],
])("the broker is restarted %s", async (_how, drain, rolls, expected) => {
  const { host, did } = brokerOf(rolls);
  const { observe } = await roll(host, { victim: "broker", drain });
  expect(did).toEqual(expected);
  expect(await observe()).toMatchObject({ seen: true, of: 1, hit: 1 });
});
