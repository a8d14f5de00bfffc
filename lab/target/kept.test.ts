import { type Ending, keep } from "./kept";

type Thing = Ending & { id: number; end(): void };
let opened = 0;
const open = (): Promise<Thing> => {
  let ended = false;
  const end = (): void => void (ended = true);
  return Promise.resolve({
    id: opened++,
    get ended() {
      return ended;
    },
    end,
    stop: end,
  });
};
beforeEach(() => (opened = 0));

test("those who ask at the same time get the same one", async () => {
  const kept = keep<Thing>();
  const found = await Promise.all([1, 2, 3].map(() => kept.get("a", open)));
  expect(found.map(({ id }) => id)).toEqual([0, 0, 0]);
  expect((await kept.get("b", open)).id).toBe(1);
});

test("what ended, or could not be opened, is opened once more", async () => {
  const kept = keep<Thing>();
  await expect(kept.get("a", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  const first = await kept.get("a", open);
  first.end();
  const found = await Promise.all([1, 2, 3].map(() => kept.get("a", open)));
  expect(found.map(({ id }) => id)).toEqual([1, 1, 1]);
});

test("stops those that match and forgets them", async () => {
  const kept = keep<Thing>();
  const [a, b] = [await kept.get("a", open), await kept.get("b", open)];
  kept.stop((name) => name === "a");
  expect(await kept.get("a", open)).not.toBe(a);
  expect(await kept.get("b", open)).toBe(b);
  expect([a.ended, b.ended]).toEqual([true, false]);
});
