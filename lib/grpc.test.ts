import { once } from "node:events";
import { connect, createServer, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { Writable } from "node:stream";

import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { service as healthService } from "grpc-health-check";
import { z } from "zod";

import { currentContext, runInContext } from "./context";
import { AppError } from "./errors";
import { createGrpcClient, createGrpcServer, type GrpcClient, grpcService, grpcTarget, unary } from "./grpc";
import { channelOptions } from "./grpc-client";
import { createLog } from "./log";
import { createMetrics } from "./metrics";
import { ensureTrace, extractTrace, injectTrace, prepareTelemetry, runInTrace } from "./telemetry";

const name = "symphony.inventory.v1.InventoryService";
const method = `${name}/ReserveInventory`;
type Inventory = GrpcClient<typeof name>;
type Reserve = (request: {
  product_id: string;
  quantity: number;
}) => Promise<{ success: boolean; error_message?: string }>;

prepareTelemetry();
const closers: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A server whose ReserveInventory is `reserve`; its log lines are collected. */
async function serve(reserve: Reserve) {
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const metrics = createMetrics("inventory");
  const schema = z.object({ product_id: z.string(), quantity: z.int().positive() });
  const unused = unary({ schema: z.unknown(), handle: async () => ({}) });
  const server = createGrpcServer({
    services: [
      grpcService(name, {
        reserveInventory: unary({ schema, handle: reserve }),
        releaseInventory: unused,
        checkAvailability: unused,
      }),
    ],
    log: createLog("inventory", "info", sink),
    metrics,
  });
  const target = await server.listen("127.0.0.1", 0);
  closers.push(() => server.close());
  return { target, server, metrics, lines };
}

function connectTo(target: string, deadlineMs?: number): Inventory {
  const client = createGrpcClient({ service: name, target, ...(deadlineMs ? { deadlineMs } : {}) });
  closers.push(() => client.close());
  return client;
}

/** A call below the typed client, which shows the bare status and trailer. */
function rawCall(target: string, path: string, request: object, metadata = new Metadata()) {
  const definition = path.startsWith("/grpc.health")
    ? healthService
    : grpcService(name, {} as never).definition;
  const rpc = Object.values(definition).find((candidate) => candidate.path === path)!;
  const client = new Client(target, credentials.createInsecure());
  closers.push(() => client.close());
  return new Promise<{ error: ServiceError | null; answer: unknown; trailer: Metadata }>((resolve) => {
    let outcome: { error: ServiceError | null; answer: unknown } | undefined;
    const call = client.makeUnaryRequest(
      rpc.path,
      rpc.requestSerialize,
      rpc.responseDeserialize,
      request,
      metadata,
      (error, answer) => (outcome = { error, answer }),
    );
    call.on("status", ({ metadata: trailer }) => setImmediate(() => resolve({ ...outcome!, trailer })));
  });
}

const order = { product_id: "mug", quantity: 1 };

test.each([
  ["127.0.0.1:5001", "ipv4:127.0.0.1:5001"],
  ["127.0.0.1:5001, 127.0.0.1:5002", "ipv4:127.0.0.1:5001,127.0.0.1:5002"],
  ["[::1]:5001,[::1]:5002", "ipv6:[::1]:5001,[::1]:5002"],
  ["dns:///inventory:9090", "dns:///inventory:9090"],
  ["inventory:9090", "inventory:9090"],
])("the target %s is dialled as %s", (given, dialled) => {
  expect(grpcTarget(given)).toBe(dialled);
});

test("a call is answered, with defaults for what the callee left out", async () => {
  const { target } = await serve(async ({ product_id }) => ({ success: product_id === "mug" }));
  await expect(connectTo(target).reserveInventory(order)).resolves.toEqual({
    success: true,
    error_message: "",
    error_code: "",
  });
});

test.each([
  [
    "a known refusal",
    new AppError("inventory.insufficient_stock", "only 2 left"),
    "inventory.insufficient_stock",
    "only 2 left",
  ],
  [
    "the payment provider's failure",
    new AppError("payment.provider_error", "502"),
    "payment.provider_error",
    "502",
  ],
  [
    "a failure of the peer's own peer",
    new AppError("peer.timeout", "the carrier's secret"),
    "peer.timeout",
    "inventory did not answer in time",
  ],
  ["an unknown error", new Error("secret"), "peer.unavailable", "inventory is not available"],
])("%s reaches the caller", async (_what, thrown, code, message) => {
  const { target } = await serve(() => Promise.reject(thrown));
  await expect(connectTo(target).reserveInventory(order)).rejects.toMatchObject({
    name: "AppError",
    code,
    message,
  });
});

test("an unknown error is logged with its stack and answered without details", async () => {
  const { target, lines } = await serve(() => Promise.reject(new Error("secret")));
  const { error, trailer } = await rawCall(target, `/${method}`, order);
  expect(error).toMatchObject({ code: status.INTERNAL, details: "Something went wrong here" });
  expect(trailer.get("symphony-error-code")).toEqual(["internal"]);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    level: "error",
    method: `/${method}`,
    err: { message: "secret", stack: expect.stringContaining("grpc.test.ts") },
  });
});

test("a request that does not fit its schema is refused with the field's name", async () => {
  const { target } = await serve(async () => ({ success: true }));
  await expect(connectTo(target).reserveInventory({ ...order, quantity: -1 })).rejects.toMatchObject({
    code: "request.invalid",
    message: expect.stringContaining("quantity: "),
  });
});

test("a peer that does not answer by the deadline, or at all", async () => {
  const { target, server } = await serve(() => new Promise(() => undefined));
  await expect(connectTo(target, 50).reserveInventory(order)).rejects.toMatchObject({ code: "peer.timeout" });
  await expect(connectTo(target).reserveInventory(order, { deadlineMs: 50 })).rejects.toMatchObject({
    code: "peer.timeout",
  });
  await server.close();
  await expect(connectTo(target).reserveInventory(order)).rejects.toMatchObject({ code: "peer.unavailable" });
});

test("correlation id, fault and trace travel with the call and back", async () => {
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const seen: unknown[] = [];
  const { target } = await serve(async () => {
    seen.push(currentContext(), injectTrace({}));
    return { success: true };
  });
  const trace = ensureTrace(extractTrace({ traceparent }));
  await runInTrace(trace, () =>
    runInContext({ correlationId: "abc-1", fault: "payment-abort" }, () =>
      connectTo(target).reserveInventory(order),
    ),
  );
  expect(seen).toEqual([{ correlationId: "abc-1", fault: "payment-abort" }, { traceparent }]);

  const metadata = new Metadata();
  metadata.set("x-correlation-id", "not acceptable!");
  const { trailer } = await rawCall(target, `/${method}`, order, metadata);
  expect(trailer.get("x-correlation-id")[0]).toMatch(/^[\da-f-]{36}$/);
});

test("calls go round robin over the replicas, and leave out one that is gone", async () => {
  const served = [0, 0];
  const replicas = await Promise.all(
    served.map((_none, index) =>
      serve(async () => {
        served[index]!++;
        return { success: true };
      }),
    ),
  );
  const client = connectTo(replicas.map(({ target }) => target).join(","));
  while (served.includes(0)) await client.reserveInventory(order);
  served.fill(0);
  for (let call = 0; call < 20; call++) await client.reserveInventory(order);
  expect(served).toEqual([10, 10]);

  await replicas[0]!.server.close();
  served.fill(0);
  for (let call = 0; call < 10; call++) await client.reserveInventory(order);
  expect(served).toEqual([0, 10]);
});

test("grpc.health.v1 answers for the server and for each service", async () => {
  const { target } = await serve(async () => ({ success: true }));
  const check = (service: string) => rawCall(target, "/grpc.health.v1.Health/Check", { service });
  expect((await check("")).answer).toEqual({ status: "SERVING" });
  expect((await check(name)).answer).toEqual({ status: "SERVING" });
  expect((await check("nobody")).error).toMatchObject({ code: status.NOT_FOUND });
});

test("each call is counted with its status", async () => {
  const { target, metrics } = await serve(({ quantity }) =>
    quantity === 1
      ? Promise.resolve({ success: true })
      : Promise.reject(new AppError("product.not_found", "none")),
  );
  const client = connectTo(target);
  await client.reserveInventory(order);
  await client.reserveInventory({ ...order, quantity: 2 }).catch(() => undefined);
  const text = await metrics.registry.metrics();
  for (const code of ["OK", "NOT_FOUND"]) {
    expect(text).toMatch(new RegExp(`rpc_server_call_duration_seconds_count{[^}]*code="${code}"[^}]*} 1`));
  }
});

describe("keepalive", () => {
  test("the client pings every 10 s, waits 1 s, and does so without calls", async () => {
    expect(channelOptions).toMatchObject({
      "grpc.keepalive_time_ms": 10_000,
      "grpc.keepalive_timeout_ms": 1_000,
      "grpc.keepalive_permit_without_calls": 1,
    });
    const server = createServer();
    const pinged = new Promise<void>((resolve) =>
      server.on("session", (session: ServerHttp2Session) => session.on("ping", () => resolve())),
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const client = new Client(address, credentials.createInsecure(), {
      ...channelOptions,
      "grpc.keepalive_time_ms": 10,
    });
    client.getChannel().getConnectivityState(true);
    await pinged;
    client.close();
    server.close();
  });

  test("the server takes pings without calls at any rate", async () => {
    const { target } = await serve(async () => ({ success: true }));
    const session = connect(`http://${target}`);
    const goaway = jest.fn();
    session.on("goaway", goaway);
    await once(session, "connect");
    for (let sent = 0; sent < 100; sent++) {
      await new Promise<void>((resolve, reject) =>
        session.ping((error) => (error ? reject(error) : resolve())),
      );
    }
    expect(goaway).not.toHaveBeenCalled();
    session.destroy();
  });
});

test("close lets a running call end", async () => {
  let finish: (() => void) | undefined;
  const { target, server } = await serve(
    () => new Promise((resolve) => (finish = () => resolve({ success: true }))),
  );
  const answer = connectTo(target).reserveInventory(order);
  while (!finish) await new Promise(setImmediate);
  const closed = server.close();
  finish();
  await expect(answer).resolves.toMatchObject({ success: true });
  await closed;
});
