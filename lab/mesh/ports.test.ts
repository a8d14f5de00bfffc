import { createServer } from "node:net";

import { createPortPool } from "./ports";

test("a purpose has its port, and two pools never the same", async () => {
  const [one, two] = [createPortPool(), createPortPool()];
  try {
    const purposes = Array.from({ length: 30 }, (_, index) => `purpose ${index}`);
    const first = await Promise.all(purposes.map((purpose) => one.take(purpose)));
    const second = await Promise.all(purposes.map((purpose) => two.take(purpose)));
    expect(new Set([...first, ...second]).size).toBe(60);
    expect(await one.take("purpose 7")).toBe(first[7]);
  } finally {
    one.release();
    two.release();
  }
});

test("a port that somebody else has is passed over", async () => {
  const pool = createPortPool();
  const taken = (await pool.take("first")) + 1;
  const server = createServer();
  const free = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(taken, "127.0.0.1", () => resolve(true));
  });
  try {
    expect(await pool.take("second")).toBeGreaterThan(taken);
  } finally {
    pool.release();
    if (free) server.close();
  }
});
