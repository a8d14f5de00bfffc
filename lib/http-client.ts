import type { z } from "zod";

import { contextHeaders } from "./context";
import { AppError, type ErrorCode, isErrorCode } from "./errors";
import { recordCallStatus, startCallSpan } from "./request-span";
import { failSpan, injectTrace, runInTrace } from "./telemetry";

export type HttpCall<S extends z.ZodType> = {
  method: string;
  /** Below the peer's URL; the caller encodes what it puts into it. */
  path: string;
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  headers?: Record<string, string>;
  /** What the answer must look like. */
  schema: S;
  deadlineMs?: number;
};

export type HttpClient = {
  /**
   * One call, without retries: those belong to the mesh. Throws the peer's AppError where it refused the
   * request, else peer.timeout or peer.unavailable.
   */
  request<S extends z.ZodType>(call: HttpCall<S>): Promise<z.output<S>>;
};

const DEFAULT_DEADLINE_MS = 5_000;
const GATEWAY_TIMEOUT = 504;

/** Codes that a caller acts upon although they are a 5xx. */
const passedOn: ReadonlySet<ErrorCode> = new Set(["payment.provider_error"]);

type Answer = { status: number; ok: boolean; document: unknown };

function parse(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refusal(peer: string, { status, document }: Answer): AppError {
  const { code, detail, errors } = (document ?? {}) as { code?: unknown; detail?: unknown; errors?: unknown };
  if (isErrorCode(code) && (status < 500 || passedOn.has(code))) {
    const wrong = Array.isArray(errors) ? { errors } : {};
    return new AppError(code, typeof detail === "string" ? detail : `${peer} refused the request`, wrong);
  }
  if (status === GATEWAY_TIMEOUT) return new AppError("peer.timeout", `${peer} did not answer in time`);
  return new AppError("peer.unavailable", `${peer} answered with status ${status}`);
}

function url(baseUrl: string, path: string, query: HttpCall<z.ZodType>["query"]): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  const search = parameters.size === 0 ? "" : `?${parameters}`;
  return `${baseUrl.replace(/\/$/, "")}${path}${search}`;
}

/** `/payments/42/refund` as `/payments/{id}/refund`: in our paths every second segment names a thing. */
function templateOf(path: string): string {
  return path.replaceAll(/(\/[a-z.-]+)\/[^/]+/g, "$1/{id}");
}

function requestHeaders(extra: Record<string, string> | undefined, hasBody: boolean): Record<string, string> {
  const headers: Record<string, string> = {
    accept: "application/json",
    ...contextHeaders(),
    ...(hasBody && { "content-type": "application/json" }),
    ...extra,
  };
  return injectTrace(headers);
}

/** A client for one peer. `deadlineMs` (5,000 where left out) covers the whole answer. */
export function createHttpClient(options: {
  peer: string;
  baseUrl: string;
  deadlineMs?: number;
}): HttpClient {
  const { peer, baseUrl, deadlineMs: usualDeadlineMs = DEFAULT_DEADLINE_MS } = options;

  async function send(call: HttpCall<z.ZodType>, deadlineMs: number): Promise<Answer> {
    const body = call.body === undefined ? null : JSON.stringify(call.body);
    const signal = AbortSignal.timeout(deadlineMs);
    try {
      const response = await fetch(url(baseUrl, call.path, call.query), {
        method: call.method.toUpperCase(),
        headers: requestHeaders(call.headers, body !== null),
        body,
        signal,
        redirect: "manual",
      });
      return { status: response.status, ok: response.ok, document: parse(await response.text()) };
    } catch (error) {
      if (signal.aborted) {
        throw new AppError("peer.timeout", `${peer} did not answer within ${deadlineMs} ms`, {
          cause: error,
        });
      }
      throw new AppError("peer.unavailable", `${peer} cannot be reached`, { cause: error });
    }
  }

  async function sendInSpan(call: HttpCall<z.ZodType>, deadlineMs: number): Promise<Answer> {
    const { span, active } = startCallSpan(call.method.toUpperCase(), peer, templateOf(call.path));
    try {
      const answer = await runInTrace(active, () => send(call, deadlineMs));
      recordCallStatus(span, answer.status);
      return answer;
    } catch (error) {
      failSpan(span, error);
      throw error;
    } finally {
      span.end();
    }
  }

  return {
    async request(call) {
      const answer = await sendInSpan(call, call.deadlineMs ?? usualDeadlineMs);
      if (!answer.ok) throw refusal(peer, answer);
      const result = call.schema.safeParse(answer.document);
      if (result.success) return result.data;
      throw new AppError("peer.unavailable", `${peer} gave an answer of an unexpected form`, {
        cause: result.error,
      });
    },
  };
}
