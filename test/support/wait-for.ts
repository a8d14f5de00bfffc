const DEFAULT_TIMEOUT_MS = 10_000;
const PAUSE_MS = 20;

/**
 * Asks `condition` until it gives something other than undefined or false, and gives that. An error of the
 * condition counts as "not yet". Throws after `timeoutMs` (10,000) with `what` and the last error.
 */
export async function waitFor<T>(
  condition: () => Promise<T | undefined | false> | T | undefined | false,
  { timeoutMs = DEFAULT_TIMEOUT_MS, what = "the condition" }: { timeoutMs?: number; what?: string } = {},
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const result = await condition();
      if (result !== undefined && result !== false) return result;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() >= deadline)
      throw new Error(`${what} did not hold within ${timeoutMs} ms`, { cause: last });
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
