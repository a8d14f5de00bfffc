import { createApiRoutes } from "./api-route";
import { composeApi } from "./open-api";

const { routes } = createApiRoutes({
  RATE_ORDERS_PER_MINUTE: 0,
  RATE_ORDERS_PER_HOUR: 0,
  RATE_INVENTORY_PER_MINUTE: 0,
  RATE_LOGIN_PER_MINUTE: 0,
});
const [orders, inventory, users] = routes;

const problem = { type: "object", title: "Problem" };
const own = {
  openapi: "3.1.0",
  paths: { "/health": { get: {} } },
  components: { schemas: { Problem: problem, Page: { title: "own" } } },
};
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const responses = (name: string) => ({ "200": { content: { "application/json": { schema: ref(name) } } } });

test("lets through what the gateway lets through, below /api", () => {
  const document = {
    paths: {
      "/inventory": { get: { responses: responses("Product") } },
      "/inventory/{productId}": { get: {} },
      "/inventory/{productId}/restock": { post: {} },
      "/reservations": { post: {} },
    },
    components: { schemas: { Problem: problem, Product: { title: "p" } } },
  };
  const composed = composeApi(own, [{ route: inventory!, document }]);
  expect(Object.keys(composed["paths"] as object)).toEqual([
    "/health",
    "/api/inventory",
    "/api/inventory/{productId}",
  ]);
  expect(composed).toMatchObject({
    openapi: "3.1.0",
    paths: {
      "/api/inventory": { get: { tags: ["inventory"], responses: { ...responses("Product"), "429": {} } } },
    },
  });
  expect(composed).not.toHaveProperty("x-unavailable");
});

test("schemas of one name but another content are told apart, with their references", () => {
  const document = {
    paths: { "/orders": { get: { responses: responses("Page") } } },
    components: {
      schemas: {
        Problem: problem,
        Page: { properties: { items: ref("Order"), next: ref("Page") } },
        Order: {},
      },
    },
  };
  const composed = composeApi(own, [{ route: orders!, document }]);
  expect(composed).toMatchObject({
    paths: { "/api/orders": { get: { responses: responses("OrderPage") } } },
    components: {
      schemas: {
        Page: { title: "own" },
        OrderPage: { properties: { items: ref("Order"), next: ref("OrderPage") } },
      },
    },
  });
  expect(composed).not.toHaveProperty("components.schemas.OrderProblem");
});

test("a service that is not there is left out and named", () => {
  expect(composeApi(own, [{ route: users!, document: undefined }])).toMatchObject({
    "x-unavailable": ["user"],
  });
});
