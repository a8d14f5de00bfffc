import { arrivals } from "./arrivals";
import { createHttpClient } from "./http";

export type ReadsOptions = {
  /** What is read. */
  url: string;
  /** Reads per second. */
  rate: number;
  durationMs: number;
  seed: number;
  /** Ends the sending early. */
  until?: AbortSignal;
};

/** `failed` counts what was not answered with 200, by status or error code. `ms` is unsorted. */
export type ReadsResult = { ms: number[]; failed: Record<string, number> };

/** Reads at their intended times whether or not earlier ones were answered, and measures from those times. */
export async function runReads({ url, rate, durationMs, seed, until }: ReadsOptions): Promise<ReadsResult> {
  const client = createHttpClient({ maxSockets: 64 });
  const result: ReadsResult = { ms: [], failed: {} };
  const pending = new Set<Promise<void>>();
  const startedAt = performance.now();
  const read = async (at: number): Promise<void> => {
    const outcome = await client.request({ method: "GET", url, timeoutMs: 10_000 }).then(
      ({ status }) => status,
      (error: unknown) => (error as NodeJS.ErrnoException).code ?? "no_answer",
    );
    result.ms.push(performance.now() - startedAt - at);
    if (outcome !== 200) result.failed[outcome] = (result.failed[outcome] ?? 0) + 1;
  };
  try {
    for (const at of arrivals({ rate, durationMs, seed })) {
      const waitMs = startedAt + at - performance.now();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      if (until?.aborted === true) break;
      const sent = read(at).finally(() => pending.delete(sent));
      pending.add(sent);
    }
    await Promise.all(pending);
    return result;
  } finally {
    client.close();
  }
}
