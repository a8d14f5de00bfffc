import { AsyncLocalStorage } from "node:async_hooks";

import { v7 as uuidv7 } from "uuid";

/** What belongs to one request or event while it is handled; it reaches every log line and outgoing call. */
export type RequestContext = { correlationId: string; orderId?: string };

const storage = new AsyncLocalStorage<RequestContext>();

/** Runs `work`, and all that it starts, in `context`. */
export function runInContext<T>(context: RequestContext, work: () => T): T {
  return storage.run(context, work);
}

/** The context of the running request or event; undefined outside of any. */
export function currentContext(): RequestContext | undefined {
  return storage.getStore();
}

/** The correlation id of the running request or event; a new UUIDv7 where there is none. */
export function currentCorrelationId(): string {
  return storage.getStore()?.correlationId ?? uuidv7();
}

const acceptable = /^[A-Za-z0-9._-]{1,128}$/;

/** A caller's correlation id where it is harmless in logs and headers, else a new one. */
export function acceptCorrelationId(given: unknown): string {
  return typeof given === "string" && acceptable.test(given) ? given : uuidv7();
}
