import { readUnsettled, type Sources } from "./read";

const pauseMs = 250;

/**
 * How long a correct recovery may take, in ms: what was sent to a service that is away meets two deadlines of 30 s, and
 * a last delivery waits for its back-off of up to 55 s.
 */
export const restMs = 150_000;

/**
 * Waits until nothing is on its way, `limitMs` at most. Returns what still is, in words; empty for a system at rest.
 * What cannot be read for a moment, as with a broker that restarts, is on its way too.
 */
export async function waitForRest(
  sources: () => Sources | Promise<Sources>,
  limitMs: number = restMs,
): Promise<string[]> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const unsettled = await Promise.resolve(sources())
      .then(readUnsettled)
      .catch((error: unknown) => [error instanceof Error ? error.message : String(error)]);
    if (unsettled.length === 0 || Date.now() > deadline) return unsettled;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
