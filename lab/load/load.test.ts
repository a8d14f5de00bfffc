import { usersFor } from "./load";
import { pick, seededRandom } from "./random";

test.each([
  { rate: 1, durationMs: 10_000, users: 2 },
  { rate: 50, durationMs: 30_000, users: 40 },
  // The limit per hour counts before the one per minute does.
  { rate: 2, durationMs: 600_000, users: 2 },
  { rate: 100, durationMs: 600_000, users: 80 },
])("$rate orders/s for $durationMs ms need $users users", ({ rate, durationMs, users }) => {
  expect(usersFor(rate, durationMs)).toBe(users);
});

test.each([10, 100, 500, 2000])(
  "at %d orders/s no user passes 100 requests a minute or 1000 an hour",
  (rate) => {
    const durationMs = 600_000;
    const users = usersFor(rate, durationMs);
    const polls = 60_000 / 6000;
    expect((rate * 60) / users + polls).toBeLessThanOrEqual(100);
    expect((rate * durationMs) / 1000 / users + polls * 11).toBeLessThanOrEqual(1000);
  },
);

test("a mix is drawn by its weights, the same for the same seed", () => {
  const draw = (seed: number) => {
    const random = seededRandom(seed);
    return Array.from({ length: 4000 }, () =>
      pick(
        [
          { value: "a", weight: 3 },
          { value: "b", weight: 1 },
        ],
        random,
      ),
    );
  };
  expect(draw(1)).toEqual(draw(1));
  const share = draw(1).filter((value) => value === "a").length / 4000;
  expect(share).toBeGreaterThan(0.72);
  expect(share).toBeLessThan(0.78);
});
