import { AsyncLocalStorage } from "node:async_hooks";

import { v7 as uuidv7 } from "uuid";

/** What belongs to one request or event while it is handled; it reaches every log line and outgoing call. */
export type RequestContext = {
  correlationId: string;
  orderId?: string;
  /** Value of `x-symphony-fault`: asks the mesh to break this request, and so travels with every call made for it. */
  fault?: string;
};

/** Header, and gRPC metadata key, of the fault that a request asks for. */
export const faultHeader = "x-symphony-fault";

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

/** The fault that a caller asks for; nothing where it is left out or is no plain name. */
export function acceptFault(given: unknown): { fault?: string } {
  return typeof given === "string" && acceptable.test(given) ? { fault: given } : {};
}

/** The headers that a call made in the running context carries on: correlation id and fault. */
export function contextHeaders(): Record<string, string> {
  const fault = storage.getStore()?.fault;
  return { "x-correlation-id": currentCorrelationId(), ...(fault && { [faultHeader]: fault }) };
}

/** A caller's correlation id where it is harmless in logs and headers, else a new one. */
export function acceptCorrelationId(given: unknown): string {
  return typeof given === "string" && acceptable.test(given) ? given : uuidv7();
}
