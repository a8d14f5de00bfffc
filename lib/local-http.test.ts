import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { listenHttp } from "./http-listen";
import { requestLocal } from "./local-http";

const folder = mkdtempSync(join(tmpdir(), "symphony-socket-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("a server on a socket answers there, and only one may listen", async () => {
  const path = join(folder, "http");
  const server = await listenHttp((request, response) => response.end(`${request.method} ${request.url}`), {
    host: "127.0.0.1",
    port: path,
  });
  expect(server).toMatchObject({ url: `unix:${path}`, port: 0 });
  expect(await requestLocal({ pipe: path }, "/a?b")).toEqual({ status: 200, body: "GET /a?b" });
  const posted = await requestLocal({ pipe: path }, "/", { method: "POST", body: {} });
  expect(posted.body).toBe("POST /");
  await expect(listenHttp(() => undefined, { host: "127.0.0.1", port: path })).rejects.toThrow(/EADDRINUSE/);
  await server.close();
  await expect(requestLocal({ pipe: path }, "/")).rejects.toThrow(/ENOENT/);
});

test("who does not answer in time is given up", async () => {
  const server = await listenHttp(() => undefined, { host: "127.0.0.1", port: 0 });
  const address = { host: "127.0.0.1", port: server.port };
  await expect(requestLocal(address, "/", { timeoutMs: 50 })).rejects.toThrow();
  await server.close(0);
});
