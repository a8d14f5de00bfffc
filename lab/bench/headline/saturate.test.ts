import { searchCeiling } from "./saturate";

test.each([
  { name: "ever more", found: [10, 20, 30, 40, 50], tried: 5, best: { perSecond: 50, inFlight: 384 } },
  { name: "the most early on", found: [10, 30, 20, 25, 90], tried: 4, best: { perSecond: 30, inFlight: 48 } },
  {
    name: "one step of noise",
    found: [10, 30, 20, 40, 30],
    tried: 5,
    best: { perSecond: 40, inFlight: 192 },
  },
  { name: "nothing at all", found: [0, 0, 0, 0, 0], tried: 2, best: { perSecond: 0, inFlight: 24 } },
])("of an arm that confirms $name the best is kept, and $tried are tried", async ({ found, tried, best }) => {
  const asked: number[] = [];
  const measure = (inFlight: number) => Promise.resolve(found[asked.push(inFlight) - 1] ?? 0);
  expect(await searchCeiling(measure)).toEqual(best);
  expect(asked).toHaveLength(tried);
});
