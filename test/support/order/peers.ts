import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo } from "node:net";

import { z } from "zod";

import { AppError, type ErrorCode, errorTable } from "../../../lib/errors";
import { createGrpcServer, grpcService, unary } from "../../../lib/grpc";
import { createLog } from "../../../lib/log";
import { createMetrics } from "../../../lib/metrics";
import { type Peers } from "../../../services/order/peers";

type Method = keyof Peers;
/** A code is answered as an error; `silent` never answers. */
export type Behaviour = ErrorCode | "silent";

export type StubPeers = {
  /** The environment that makes an order service call these. */
  env: Record<string, string>;
  /** What was called, by which protocol, with which body. */
  calls: { method: Method; protocol: "rest" | "grpc"; body: Record<string, unknown> }[];
  /** What goes wrong; cleared by `reset`. */
  failing: Partial<Record<Method, Behaviour>>;
  product: { priceCents: number; currency: string; available: number };
  /** The names of what was called since the last `reset`. */
  called(): Method[];
  reset(): void;
  stop(): Promise<void>;
};

const routes: [RegExp, Method][] = [
  [/^GET \/inventory\/[^/]+$/, "findProduct"],
  [/^POST \/reservations$/, "reserve"],
  [/^POST \/reservations\/[^/]+\/release$/, "release"],
  [/^POST \/payments$/, "charge"],
  [/^POST \/payments\/[^/]+\/refund$/, "refund"],
  [/^POST \/shipments$/, "ship"],
  [/^POST \/shipments\/[^/]+\/cancel$/, "cancelShipment"],
];

const product = { priceCents: 4_990, currency: "EUR", available: 50 };

/** Inventory, payment and shipping for tests: one real HTTP and one real gRPC server, on free ports. */
export async function startStubPeers(): Promise<StubPeers> {
  const stub: Pick<StubPeers, "calls" | "failing" | "product"> = {
    calls: [],
    failing: {},
    product: { ...product },
  };

  /** Notes a call; rejects, or never settles, as the test wants it. */
  async function take(method: Method, protocol: "rest" | "grpc", body: unknown): Promise<void> {
    stub.calls.push({ method, protocol, body: body as Record<string, unknown> });
    const failure = stub.failing[method];
    if (failure === "silent") await new Promise(() => undefined);
    else if (failure) throw new AppError(failure, `the stub fails with ${failure}`);
  }

  const http = createServer((request, response) => void answer(request, response));
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const method = routes.find(([pattern]) => pattern.test(`${request.method} ${request.url}`))?.[1];
    response.setHeader("content-type", "application/json");
    try {
      if (!method) throw new AppError("route.not_found", `no stub for ${request.url}`);
      await take(method, "rest", text ? JSON.parse(text) : {});
      response.end(JSON.stringify(method === "findProduct" ? stub.product : {}));
    } catch (error) {
      const { code, message } = error as AppError;
      response.statusCode = errorTable[code].http;
      response.end(JSON.stringify({ code, detail: message }));
    }
  }
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));

  const step = (method: Method) =>
    unary({
      schema: z.looseObject({}),
      async handle(body) {
        try {
          await take(method, "grpc", body);
          return { success: true };
        } catch (error) {
          if (!(error instanceof AppError) || error.httpStatus >= 500) throw error;
          return { success: false, error_code: error.code, error_message: error.message };
        }
      },
    });
  const grpc = createGrpcServer({
    services: [
      grpcService("symphony.inventory.v1.InventoryService", {
        reserveInventory: step("reserve"),
        releaseInventory: step("release"),
        checkAvailability: unary({
          schema: z.looseObject({ quantity: z.number() }),
          async handle(body) {
            await take("findProduct", "grpc", body);
            const { priceCents, currency, available } = stub.product;
            return {
              available: available >= body.quantity,
              available_quantity: available,
              price_cents: priceCents,
              currency,
            };
          },
        }),
      }),
      grpcService("symphony.payment.v1.PaymentService", { charge: step("charge"), refund: step("refund") }),
      grpcService("symphony.shipping.v1.ShippingService", {
        scheduleShipment: step("ship"),
        cancelShipment: step("cancelShipment"),
      }),
    ],
    log: createLog("inventory", "silent"),
    metrics: createMetrics("inventory"),
  });
  const target = await grpc.listen("127.0.0.1", 0);
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;

  return Object.assign(stub, {
    env: {
      INVENTORY_URL: url,
      PAYMENT_URL: url,
      SHIPPING_URL: url,
      INVENTORY_GRPC_TARGET: target,
      PAYMENT_GRPC_TARGET: target,
      SHIPPING_GRPC_TARGET: target,
    },
    called: () => stub.calls.map(({ method }) => method),
    reset() {
      stub.calls.length = 0;
      stub.failing = {};
      stub.product = { ...product };
    },
    async stop() {
      http.closeAllConnections();
      await Promise.all([new Promise((resolve) => http.close(resolve)), grpc.close()]);
    },
  });
}
