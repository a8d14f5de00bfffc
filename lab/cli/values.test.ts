import {
  collect,
  formatAge,
  formatBytes,
  parseDuration,
  parseInteger,
  parsePositive,
  parseSince,
} from "./values";

test.each([
  ["30s", 30_000],
  ["500ms", 500],
  ["5m", 300_000],
  ["2h", 7_200_000],
  ["1.5s", 1500],
  ["10", 10_000],
])("the duration %s is %d ms", (text, expected) => {
  expect(parseDuration(text)).toBe(expected);
});

test.each(["", "s", "-1s", "1d", "1 s", "1e3"])("%j is no duration", (text) => {
  expect(() => parseDuration(text)).toThrow("duration");
});

test.each(["0", "11", "1.5", "x", "", " 5"])("%j is no whole number from 1 to 10", (text) => {
  expect(() => parseInteger(1, 10)(text)).toThrow("from 1 to 10");
});

test.each(["0", "-1", "2001", "x", ""])("%j is no rate up to 2000", (text) => {
  expect(() => parsePositive(2000)(text)).toThrow("at most 2000");
});

test.each([
  ["2026-01-31T10:00:00Z", "2026-01-31T10:00:00.000Z"],
  ["10m", "2026-01-31T11:50:00.000Z"],
])("since %s is %s", (text, expected) => {
  expect(parseSince(text, new Date("2026-01-31T12:00:00Z")).toISOString()).toBe(expected);
});

test.each(["yesterday", "2026-13-99", "", "12"])(
  "%j as a time: a number counts as seconds ago, all else is refused",
  (text) => {
    const parse = () => parseSince(text, new Date(60_000));
    if (text === "12") expect(parse().getTime()).toBe(48_000);
    else expect(parse).toThrow("give a time");
  },
);

test("a repeated option is collected", () => {
  const add = collect(Number);
  expect(add("2", add("1", undefined))).toEqual([1, 2]);
});

test.each([
  [5_000, "5s"],
  [65_000, "1m5s"],
  [3_720_000, "1h2m"],
])("%d ms ago reads %s", (ms, expected) => {
  expect(formatAge(ms)).toBe(expected);
});

test("bytes read as MB and GB", () => {
  expect([formatBytes(50 * 1024 ** 2), formatBytes(1.2 * 1024 ** 3)]).toEqual(["50 MB", "1.2 GB"]);
});
