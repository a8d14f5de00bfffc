import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type SeenRequest = { method: string; url: string; headers: IncomingHttpHeaders };
export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A neighbour of the service under test: a real HTTP server that answers what the test wants. */
export type StubServer = {
  url: string;
  /** What came in, the newest last. */
  seen: SeenRequest[];
  /** Requests whose client left before the answer was complete. */
  aborted(): number;
  /** Answers from now on. */
  answer(handler: Handler): void;
  stop(): Promise<void>;
};

/** Answers with `status` and `body` as JSON. */
export function json(status: number, body: unknown, headers: Record<string, string> = {}): Handler {
  return (request, response) => {
    request.resume();
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  };
}

/** A stub on a free port; it answers `200 {}` until told otherwise. */
export async function startStubServer(): Promise<StubServer> {
  let handler = json(200, {});
  let aborted = 0;
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const { method = "", url = "", headers } = request;
    seen.push({ method, url, headers });
    response.on("close", () => {
      if (!response.writableFinished) aborted += 1;
    });
    handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    aborted: () => aborted,
    answer(next) {
      handler = next;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
