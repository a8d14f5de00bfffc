import { Failure } from "./failure";
import { commandLineOf, isAlive, run, startTimeOf, untilReady } from "./process";

test("a process is known by its id and start time", () => {
  expect(isAlive(process.pid)).toBe(true);
  expect(startTimeOf(process.pid)).toBe(startTimeOf(process.pid));
  expect(startTimeOf(process.pid)).toBeDefined();
  expect(isAlive(2 ** 30)).toBe(false);
  expect(startTimeOf(2 ** 30)).toBeUndefined();
  expect(commandLineOf(2 ** 30)).toBeUndefined();
});

test("a program's output and exit code are returned", async () => {
  const args = ["-e", "console.log('out'); console.error('err'); process.exitCode = 3"];
  const result = await run({ file: process.execPath, args, env: {} });
  expect(result).toMatchObject({ code: 3, signal: null });
  expect(result.output).toContain("out");
  expect(result.output).toContain("err");
});

describe("waiting for readiness", () => {
  const failing = () => Promise.reject(new Error("not yet"));

  test("ends with the first success", async () => {
    let calls = 0;
    const probe = () => (++calls < 3 ? failing() : Promise.resolve());
    await untilReady({ probe, timeoutMs: 5000, intervalMs: 1 });
    expect(calls).toBe(3);
  });

  test("gives up with the probe's last error", async () => {
    await expect(untilReady({ probe: failing, timeoutMs: 5, intervalMs: 1 })).rejects.toThrow("not yet");
  });

  test("gives up at once where no waiting helps", async () => {
    const hopeless = () => Promise.reject(new Failure("x", "wrong password"));
    await expect(untilReady({ probe: hopeless, timeoutMs: 60_000 })).rejects.toThrow("wrong password");
    const ended = () => new Error("it ended");
    await expect(untilReady({ probe: failing, timeoutMs: 60_000, ended })).rejects.toThrow("it ended");
  });
});
