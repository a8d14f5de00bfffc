import { spawn } from "node:child_process";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo } from "node:net";
import { join } from "node:path";

import { loadPackageDefinition, Server as GrpcServer, ServerCredentials, status } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

import { findProject } from "../run/project";
import { type Caller, startCallerInPod } from "./caller";
import { type Kubectl } from "./kubectl";

/** Runs what would be executed in a container on this machine. */
const local: Pick<Kubectl, "start"> = {
  start(args) {
    const command = args.slice(args.indexOf("--") + 1);
    return spawn(process.execPath, command.slice(1), { stdio: "pipe", cwd: findProject() });
  },
};

let caller: Caller;
let server: Server;
let to: string;
const seen: { path: string | undefined; body: string; header: string | undefined }[] = [];

async function answer(request: IncomingMessage): Promise<{ status: number; body: string }> {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  seen.push({ path: request.url, body, header: request.headers["x-id"] as string | undefined });
  return { status: request.method === "POST" ? 201 : 200, body: "x".repeat(5000) };
}

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === "/never") return;
    if (request.url === "/reset") return void request.socket.destroy();
    void answer(request).then(({ status: code, body }) =>
      response.writeHead(code, { "x-from": "test" }).end(body),
    );
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  to = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  caller = startCallerInPod(local as Kubectl, { namespace: "n", pod: "p", container: "c" });
});
afterAll(() => {
  caller.stop();
  server.closeAllConnections();
  server.close();
});
beforeEach(() => void seen.splice(0));

test("a path is sent as it stands, a body as JSON, and the answer cut", async () => {
  const call = { to, method: "POST", path: "/a//..%2Fb/../C", body: { id: 1 }, headers: { "x-id": "h" } };
  const [result] = await caller.call(call, {});
  expect(seen).toEqual([{ path: "/a//..%2Fb/../C", body: '{"id":1}', header: "h" }]);
  expect(result).toMatchObject({ status: 201, headers: { "x-from": "test" } });
  expect(result!.body).toHaveLength(4096);
});

test("each of many calls has a UUID of its own", async () => {
  const call = { to, path: "/{{uuid}}", headers: { "x-id": "{{uuid}}" } };
  const results = await caller.call(call, { count: 50, concurrency: 5 });
  expect(results.map((result) => result.status)).toEqual(Array.from({ length: 50 }, () => 200));
  expect(new Set(seen.map(({ path }) => path)).size).toBe(50);
  for (const { path, header } of seen) expect(path).toBe(`/${String(header)}`);
});

test.each([
  ["/never", "timeout"],
  ["/reset", "ECONNRESET"],
])("%s has no answer: %s", async (path, error) => {
  const [result] = await caller.call({ to, path, timeoutMs: 200 }, {});
  expect(result).toMatchObject({ status: 0, error });
});

test("an rpc answers with its message or its status", async () => {
  const definition = loadSync("symphony/inventory/v1/inventory.proto", {
    includeDirs: [join(findProject(), "proto")],
    keepCase: true,
  });
  const grpc = new GrpcServer();
  const loaded = loadPackageDefinition(definition) as never as {
    symphony: { inventory: { v1: { InventoryService: { service: never } } } };
  };
  grpc.addService(loaded.symphony.inventory.v1.InventoryService.service, {
    CheckAvailability: (
      call: { request: { product_id: string } },
      reply: (error: object | null, message?: object) => void,
    ) => {
      if (call.request.product_id === "none") reply({ code: status.NOT_FOUND, details: "no such product" });
      else reply(null, { available: true });
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    grpc.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  try {
    const rpc = "symphony.inventory.v1.InventoryService/CheckAvailability";
    const ask = (id: string) =>
      caller.call({ to: `127.0.0.1:${port}`, rpc, message: { product_id: id, quantity: 1 } }, {});
    const [[found], [none]] = await Promise.all([ask("some"), ask("none")]);
    expect(found).toMatchObject({ status: 0 });
    expect(JSON.parse(found!.body)).toMatchObject({ available: true });
    expect(none).toMatchObject({ status: status.NOT_FOUND, error: "no such product" });
  } finally {
    grpc.forceShutdown();
  }
});

test("whoever waits hears that the caller is gone", async () => {
  const other = startCallerInPod(local as Kubectl, { namespace: "n", pod: "p", container: "c" });
  const waiting = other.call({ to, path: "/never" }, {});
  other.stop();
  await expect(waiting).rejects.toMatchObject({ code: "call.caller_gone" });
  expect(other.ended).toBe(true);
});
