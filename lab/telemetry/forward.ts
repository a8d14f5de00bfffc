import { type Drop } from "./otlp";

export type Forwarder = {
  /** Takes a request as it came in, to be sent on soon; what the backend is too slow for is dropped. */
  send(body: Buffer, headers: Record<string, string>): void;
};

/** Requests that wait may hold this much memory; what comes on top is dropped. */
const waitingBytes = 4 * 1024 * 1024;
const timeoutMs = 5_000;

/** `a=1,b=2` of OTEL_EXPORTER_OTLP_HEADERS, its values percent-encoded. */
export function parseHeaders(text: string): Record<string, string> {
  const pairs = text.split(",").map((pair) => /^\s*([^=\s]+)\s*=(.*)$/.exec(pair));
  return Object.fromEntries(
    pairs.filter((pair) => pair !== null).map(([, name = "", value = ""]) => [name, decode(value.trim())]),
  );
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/**
 * Sends spans on to another backend that speaks OTLP over HTTP, one request at a time. A backend that is slow
 * or dead costs what could not be sent, which is counted, and nothing else.
 */
export function createForwarder(url: string, own: Record<string, string>, drop: Drop): Forwarder {
  const waiting: { body: Buffer; headers: Record<string, string> }[] = [];
  let held = 0;
  let running = false;

  const sendOne = async (body: Buffer, headers: Record<string, string>): Promise<void> => {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(url, { method: "POST", body, headers: { ...headers, ...own }, signal });
    await response.body?.cancel();
    if (!response.ok) drop("forward_refused");
  };

  const run = async (): Promise<void> => {
    running = true;
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      held -= next.body.length;
      await sendOne(next.body, next.headers).catch(() => drop("forward_failed"));
    }
    running = false;
  };

  return {
    send(body, headers) {
      if (held + body.length > waitingBytes) return drop("forward_queue_full");
      held += body.length;
      waiting.push({ body, headers });
      if (!running) void run();
    },
  };
}
