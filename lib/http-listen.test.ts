import { connect } from "node:net";

import { parseAllDocuments } from "yaml";

import { readSources } from "../lab/mesh/sources";
import { waitFor } from "../test/support/wait-for";
import { listenHttp } from "./http-listen";

const local = { host: "127.0.0.1", port: 0 };

test("closing lets a running request finish, ends event streams and cuts idle connections", async () => {
  let answerSlowly: (() => void) | undefined;
  const server = await listenHttp((request, response) => {
    if (request.url === "/stream") {
      response.setHeader("content-type", "text/event-stream");
      response.write("data: 1\n\n");
    } else {
      answerSlowly = () => response.end("done");
    }
  }, local);
  const idle = connect(server.port, "127.0.0.1");
  const idleClosed = new Promise((resolve) => idle.once("close", resolve));
  const events = await fetch(`${server.url}/stream`);
  const answer = fetch(`${server.url}/slow`);
  const finish = await waitFor(() => answerSlowly, { what: "the slow request" });

  const closed = server.close();
  await expect(events.text()).resolves.toBe("data: 1\n\n");
  finish();
  await expect((await answer).text()).resolves.toBe("done");
  await Promise.all([closed, idleClosed]);
  await expect(fetch(server.url)).rejects.toThrow();
});

test("a write after the end of a stream does not take the process down", async () => {
  let write = (): void => undefined;
  const server = await listenHttp((_request, response) => {
    response.setHeader("content-type", "text/event-stream");
    write = () => response.write("data\n\n");
    write();
  }, local);
  const events = await fetch(server.url);
  const closed = server.close();
  write();
  await closed;
  await expect(events.text()).resolves.toBe("data\n\n");
});

test("a request that never ends is cut after the grace", async () => {
  let arrived = false;
  const server = await listenHttp(() => (arrived = true), local);
  const answer = fetch(server.url);
  const refused = expect(answer).rejects.toThrow();
  await waitFor(() => arrived);
  await server.close(10);
  await refused;
});

test("a port that is taken is an error, not a crash", async () => {
  const server = await listenHttp(() => undefined, local);
  await expect(listenHttp(() => undefined, { ...local, port: server.port })).rejects.toThrow(/EADDRINUSE/);
  await server.close();
});

test("an idle connection is kept for longer than any sidecar keeps it", async () => {
  type Rule = { spec?: { trafficPolicy?: { connectionPool?: { http?: { idleTimeout?: string } } } } };
  const idleTimeouts = ["mesh/base", "mesh/canary"]
    .flatMap((folder) => readSources(folder))
    .flatMap(({ text }) => parseAllDocuments(text).map((document) => document.toJS() as Rule | null))
    .flatMap((rule) => rule?.spec?.trafficPolicy?.connectionPool?.http?.idleTimeout ?? [])
    .map((text) => Number(/^(\d+)s$/.exec(text)?.[1]));
  expect(idleTimeouts.length).toBeGreaterThan(0);

  const server = await listenHttp((_request, response) => response.end(), local);
  const { headers } = await fetch(server.url);
  await server.close();
  const kept = Number(/^timeout=(\d+)$/.exec(headers.get("keep-alive") ?? "")?.[1]);
  for (const idleTimeout of idleTimeouts) expect(kept).toBeGreaterThan(idleTimeout);
});
