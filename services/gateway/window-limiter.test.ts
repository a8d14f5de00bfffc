import { toQuotas } from "./window-limiter";

const usage = { minuteUsed: 100, minuteLeftMs: 1_500, hourUsed: 1001, hourLeftMs: 3_600_000 };

test.each([
  ["no limits", {}, []],
  ["the last of a minute", { perMinute: 100 }, [["minute", 0, 2, false]]],
  ["an hour that is over its limit", { perHour: 1000 }, [["hour", 0, 3600, true]]],
  [
    "both",
    { perMinute: 150, perHour: 2000 },
    [
      ["minute", 50, 2, false],
      ["hour", 999, 3600, false],
    ],
  ],
])("%s", (_name, limits, expected) => {
  const quotas = toQuotas(usage, { route: "orders", ...limits });
  expect(quotas.map((quota) => [quota.name, quota.remaining, quota.resetSeconds, quota.exceeded])).toEqual(
    expected,
  );
});
