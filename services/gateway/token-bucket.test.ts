import { createClientLimiter, takeToken } from "./token-bucket";

const limits = { perSecond: 100, burst: 10 };

test.each([
  ["a new client", undefined, 0, true, 9, 0],
  ["the last token", { tokens: 1, at: 0 }, 0, true, 0, 0],
  ["no token", { tokens: 0, at: 0 }, 0, false, 0, 10],
  ["half a token", { tokens: 0.5, at: 0 }, 0, false, 0.5, 5],
  ["a token 10 ms later", { tokens: 0, at: 0 }, 10, true, 0, 0],
  ["never more than the burst", { tokens: 0, at: 0 }, 60_000, true, 9, 0],
  ["a clock that went back", { tokens: 5, at: 1_000 }, 0, true, 4, 0],
])("takeToken: %s", (_name, bucket, now, allowed, tokens, waitMs) => {
  const result = takeToken(bucket, now, limits);
  expect(result).toEqual({ bucket: { tokens, at: now }, allowed, waitMs });
});

/** Requests that pass, of `perSecond` evenly spaced ones over `seconds`. */
function passed({ perSecond, seconds }: { perSecond: number; seconds: number }): number {
  let now = 0;
  const limiter = createClientLimiter(limits, () => now);
  let count = 0;
  for (let sent = 0; sent < perSecond * seconds; sent++) {
    now = (sent * 1000) / perSecond;
    if (limiter("client")?.exceeded === false) count++;
  }
  return count;
}

test.each([
  ["at the rate", 100, 1000],
  ["below it", 20, 200],
  ["at twice the rate: the burst, then every second one", 200, 1009],
])("ten seconds %s", (_name, perSecond, expected) => {
  expect(passed({ perSecond, seconds: 10 })).toBe(expected);
});

test("a burst of ten passes at once, the eleventh waits; another client is not concerned", () => {
  const limiter = createClientLimiter(limits, () => 0);
  const taken = Array.from({ length: 11 }, () => limiter("one"));
  expect(taken.map((quota) => quota?.exceeded)).toEqual([...Array<boolean>(10).fill(false), true]);
  expect(taken[0]).toEqual({
    name: "second",
    limit: 100,
    windowSeconds: 1,
    remaining: 9,
    resetSeconds: 1,
    exceeded: false,
  });
  expect(limiter("another")?.exceeded).toBe(false);
});

test("a limit of 0 is none", () => {
  expect(createClientLimiter({ perSecond: 0, burst: 10 })("client")).toBeUndefined();
});
