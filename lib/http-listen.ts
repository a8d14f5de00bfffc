import { createServer, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

export type HttpServer = {
  /** `unix:<path>` of a socket, which is no URL that anybody could fetch. */
  url: string;
  /** 0 of a socket. */
  port: number;
  /**
   * Takes no new connection, lets running requests finish, ends event streams, and cuts what is left after
   * `graceMs` (10,000 where left out).
   */
  close(graceMs?: number): Promise<void>;
};

const DEFAULT_GRACE_MS = 10_000;
/**
 * Longer than a sidecar keeps an idle connection, which is 90 s (idleTimeout in mesh/base): whoever closes first must be
 * the one that sends, or it sends into a closing connection, and a request that may not be repeated fails with 503.
 */
const KEEP_ALIVE_MS = 95_000;
/** For the headers of one request, from their first byte: an idle connection is not held to it. */
const HEADERS_MS = 60_000;
/** As much as Envoy takes, rather than Node's 16 KiB: whoever sends much baggage is not refused for it. */
const MAX_HEADER_BYTES = 64 * 1024;

function isEventStream(response: ServerResponse): boolean {
  return String(response.getHeader("content-type") ?? "").startsWith("text/event-stream");
}

/** Its reader would keep it open for ever; it reconnects to another replica. */
function endStream(response: ServerResponse): void {
  // A write that was under way may come after the end; it must not take the process down.
  response.on("error", () => undefined);
  response.end();
}

function urlOf(host: string, port: number): string {
  const reachable = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
}

/**
 * Serves `app`; port 0 takes a free one, a path is that of a Unix domain socket. Throws what `listen` reports, such
 * as EADDRINUSE.
 */
export async function listenHttp(
  app: RequestListener,
  { host, port }: { host: string; port: number | string },
): Promise<HttpServer> {
  const running = new Set<ServerResponse>();
  const server = createServer({
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: HEADERS_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
  });
  const sockets = new Set<Socket>();
  let closing = false;
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("request", (request, response: ServerResponse) => {
    running.add(response);
    if (closing) response.shouldKeepAlive = false;
    response.once("close", () => {
      running.delete(response);
      if (closing) setImmediate(() => server.closeIdleConnections());
    });
    app(request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    const listening = (): void => {
      server.off("error", reject);
      resolve();
    };
    if (typeof port === "string") server.listen(port, listening);
    else server.listen(port, host, listening);
  });
  const address = server.address() as AddressInfo | string;

  return {
    url: typeof address === "string" ? `unix:${address}` : urlOf(host, address.port),
    port: typeof address === "string" ? 0 : address.port,
    close(graceMs = DEFAULT_GRACE_MS) {
      closing = true;
      return new Promise((resolve) => {
        const cut = setTimeout(() => server.closeAllConnections(), graceMs);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
        for (const response of running) {
          if (!response.headersSent) response.shouldKeepAlive = false;
          else if (isEventStream(response)) endStream(response);
        }
        server.closeIdleConnections();
        // A connection that never sent anything is not idle to Node, and would hold the server open.
        for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
      });
    },
  };
}
