import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { gunzipSync } from "node:zlib";

import { type Forwarder } from "./forward";
import { type Drop, type OtlpRequest, readSpans } from "./otlp";
import { decodeProtobuf } from "./otlp-protobuf";
import { type StoreStats, TraceStore } from "./store";

export type SinkOptions = {
  /** Memory for traces. */
  limitBytes: number;
  /** Where the spans go too; what it drops is counted here. */
  connect?: ((drop: Drop) => Forwarder) | undefined;
};

/** What the sink tells of itself. */
export type SinkStats = StoreStats & { received: number; dropped: Record<string, number> };

/** A request of a batch of spans is some 100 KB; ten times an attribute of 1 MB is no batch of spans. */
const bodyLimit = 4 * 1024 * 1024;
/** Bodies that arrive at the same time may hold so much; a flood beyond it is turned away. */
const arrivingLimit = 8 * 1024 * 1024;
const bodyMs = 10_000;
/** Traces of one answer without an id. */
const newestLimit = 200;

const json = "application/json";
const protobuf = "application/x-protobuf";

class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
  ) {
    super(reason);
  }
}

/**
 * An OTLP/HTTP receiver for traces, in JSON and protobuf, that keeps what it gets in bounded memory:
 * `POST /v1/traces`, `GET /traces?id=` (a trace, an order or a correlation id), `GET /traces` (the newest ones), `GET /stats`.
 */
export function createSink({ limitBytes, connect }: SinkOptions): RequestListener {
  const dropped = new Map<string, number>();
  const drop: Drop = (reason, count = 1) => void dropped.set(reason, (dropped.get(reason) ?? 0) + count);
  const store = new TraceStore(limitBytes, drop);
  const forward = connect?.(drop);
  let received = 0;
  let arriving = 0;

  const readBody = async (request: IncomingMessage): Promise<Buffer> => {
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) {
        size += chunk.length;
        arriving += chunk.length;
        if (size > bodyLimit) throw new Refusal(413, "request_too_large");
        // 429 asks the sender to come again, by when the flood may be over.
        if (arriving > arrivingLimit) throw new Refusal(429, "flood");
        chunks.push(chunk);
      }
      return Buffer.concat(chunks);
    } finally {
      arriving -= size;
    }
  };

  const take = async (request: IncomingMessage): Promise<string> => {
    const type = (request.headers["content-type"] ?? "").split(";")[0]?.trim();
    if (type !== json && type !== protobuf) throw new Refusal(415, "unknown_format");
    const raw = await readBody(request);
    const encoding = request.headers["content-encoding"];
    const body = encoding === "gzip" ? unzip(raw) : raw;
    const spans = readSpans(parse(body, type), drop);
    received += spans.length;
    for (const span of spans) store.add(span);
    forward?.send(raw, {
      "content-type": type,
      ...(encoding !== undefined && { "content-encoding": encoding }),
    });
    return type;
  };

  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    request.setTimeout(bodyMs, () => request.destroy());
    try {
      const type = await take(request);
      // An empty message: everything was accepted. In protobuf it has no bytes at all.
      response.writeHead(200, { "content-type": type }).end(type === json ? "{}" : "");
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal(400, "malformed_request");
      drop(refusal.reason);
      response.writeHead(refusal.status, { connection: "close" }).end();
    }
  };

  const answer = (response: ServerResponse, body: unknown): void =>
    void response.writeHead(200, { "content-type": json }).end(JSON.stringify(body));

  return (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://sink");
    const route = `${request.method ?? ""} ${pathname}`;
    if (route === "POST /v1/traces") void receive(request, response);
    else if (route === "GET /traces") {
      const id = searchParams.get("id");
      answer(response, { traces: id === null ? store.newest(newestLimit) : store.find(id) });
    } else if (route === "GET /readyz") answer(response, { status: "ready" });
    else if (route === "GET /stats") {
      const stats: SinkStats = { ...store.stats(), received, dropped: Object.fromEntries(dropped) };
      answer(response, stats);
    } else response.writeHead(404).end();
  };
}

function unzip(body: Buffer): Buffer {
  try {
    return gunzipSync(body, { maxOutputLength: bodyLimit });
  } catch (error) {
    const tooLarge = (error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE";
    throw tooLarge ? new Refusal(413, "request_too_large") : new Refusal(400, "malformed_request");
  }
}

function parse(body: Buffer, type: string): OtlpRequest {
  if (type === protobuf) return decodeProtobuf(body);
  const document: unknown = JSON.parse(body.toString());
  if (typeof document !== "object" || document === null) throw new Refusal(400, "malformed_request");
  return document;
}
