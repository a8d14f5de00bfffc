import { z } from "zod";

import { describeApi } from "./openapi";
import { route } from "./route";

const order = z.object({ id: z.string(), status: z.string() }).meta({ id: "Order" });
const answer = { 200: { description: "the order", schema: order } };

const routes = [
  route({
    method: "get",
    path: "/orders/:orderId",
    summary: "Reads an order",
    access: "user",
    responses: answer,
    errors: ["order.not_found"],
    handle: () => undefined,
  }),
  route({
    method: "post",
    path: "/orders",
    summary: "Places an order",
    query: z.strictObject({ pattern: z.enum(["rest", "saga"]).default("saga") }),
    headers: z.object({ "idempotency-key": z.string() }),
    body: z.strictObject({ quantity: z.int().positive() }),
    responses: { 202: { description: "accepted", schema: order } },
    handle: () => undefined,
  }),
  route({
    method: "get",
    path: "/orders/:orderId/events",
    summary: "Follows an order",
    params: z.strictObject({ orderId: z.uuid() }),
    responses: { 200: { description: "a stream", schema: z.string(), contentType: "text/event-stream" } },
    handle: () => undefined,
  }),
];

const document = describeApi("order", routes);

test("the document has every route, with its parameters and its body", () => {
  expect(document).toMatchObject({ openapi: "3.1.0", info: { title: "Symphony order" } });
  expect(Object.keys(document.paths ?? {})).toEqual([
    "/orders/{orderId}",
    "/orders",
    "/orders/{orderId}/events",
  ]);
  expect(document.paths?.["/orders"]?.post).toMatchObject({
    operationId: "postOrders",
    parameters: expect.arrayContaining([
      expect.objectContaining({ in: "query", name: "pattern" }),
      expect.objectContaining({ in: "header", name: "idempotency-key", required: true }),
    ]),
    requestBody: {
      content: { "application/json": { schema: { additionalProperties: false, required: ["quantity"] } } },
    },
  });
});

test("a path parameter without a schema is text, one with a schema has it", () => {
  const read = document.paths?.["/orders/{orderId}"]?.get;
  expect(read?.parameters).toMatchObject([{ in: "path", name: "orderId", schema: { type: "string" } }]);
  const follow = document.paths?.["/orders/{orderId}/events"]?.get;
  expect(follow?.parameters).toMatchObject([{ schema: { format: "uuid" } }]);
  expect(Object.keys(follow?.responses?.["200"]?.content ?? {})).toEqual(["text/event-stream"]);
});

test.each([
  ["/orders/{orderId}", "get", ["200", "401", "404", "500", "503"]],
  ["/orders", "post", ["202", "400", "413", "415", "500"]],
] as const)("%s %s lists its answers and its errors", (path, method, statuses) => {
  const operation = document.paths?.[path]?.[method];
  expect(Object.keys(operation?.responses ?? {})).toEqual(statuses);
  expect(operation?.responses?.["500"]?.content).toEqual({
    "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } },
  });
});

test("a route with a token says so", () => {
  expect(document.paths?.["/orders/{orderId}"]?.get?.security).toEqual([{ token: [] }]);
  expect(document.paths?.["/orders"]?.post?.security).toBeUndefined();
  expect(document.components).toMatchObject({
    securitySchemes: { token: { type: "http", scheme: "bearer" } },
    schemas: { Order: expect.anything(), Problem: expect.anything() },
  });
});
