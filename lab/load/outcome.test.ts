import { hasLagged } from "./outcome";
import { summarise } from "./percentiles";

const lags = (late: number, ms: number) =>
  summarise([...Array<number>(1_000 - late).fill(1), ...Array<number>(late).fill(ms)]);

test.each([
  { name: "in time", lagMs: lags(0, 0), notSent: 0, lagged: false },
  { name: "one late send in two hundred", lagMs: lags(5, 400), notSent: 0, lagged: false },
  { name: "more than one in a hundred late", lagMs: lags(11, 51), notSent: 0, lagged: true },
  { name: "one order not sent at all", lagMs: lags(0, 0), notSent: 1, lagged: true },
  { name: "nothing sent", lagMs: undefined, notSent: 0, lagged: false },
])("$name: lagged is $lagged", ({ lagMs, notSent, lagged }) => {
  expect(hasLagged({ lagMs, notSent })).toBe(lagged);
});
