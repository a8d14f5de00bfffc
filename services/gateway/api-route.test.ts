import { createResolver } from "./api-route";

const resolve = createResolver({
  RATE_ORDERS_PER_MINUTE: 100,
  RATE_ORDERS_PER_HOUR: 1000,
  RATE_INVENTORY_PER_MINUTE: 200,
  RATE_LOGIN_PER_MINUTE: 0,
});

const groups = ["user-group", "admin-group"];

test.each([
  ["GET", "/api/orders", "order", "/orders", "user", { route: "orders", perMinute: 100, perHour: 1000 }],
  [
    "POST",
    "/api/orders?pattern=rest",
    "order",
    "/orders",
    "user",
    { route: "orders", perMinute: 100, perHour: 1000 },
  ],
  ["GET", "/api/orders/42/events", "order", "/orders/42/events", "user", expect.anything()],
  ["HEAD", "/api/inventory", "inventory", "/inventory", "open", { route: "inventory", perMinute: 200 }],
  ["GET", "/api/inventory/p-1", "inventory", "/inventory/p-1", "open", expect.anything()],
  ["POST", "/api/users", "user", "/users", "open", { route: "login", perMinute: undefined }],
  ["POST", "/api/users/login", "user", "/users/login", "open", expect.anything()],
  ["GET", "/api/users/me", "user", "/users/me", groups, undefined],
  ["GET", "/api/users", "user", "/users", groups, undefined],
  ["PUT", "/api/users/42", "user", "/users/42", groups, undefined],
  ["GET", "/api/users/login", "user", "/users/login", groups, undefined],
  ["POST", "/api/users/", "user", "/users/", groups, undefined],
  ["POST", "/api/users/LOGIN", "user", "/users/LOGIN", groups, undefined],
])("%s %s goes to %s as %s", (method, target, service, path, access, limits) => {
  const resolved = resolve(method, target);
  expect(resolved).toMatchObject({ service, path, route: { access } });
  expect(resolved?.error).toBeUndefined();
  expect(resolved?.route?.limits).toEqual(limits);
});

test.each([
  ["GET", "/api/payments", "service.not_found"],
  ["GET", "/api", "service.not_found"],
  ["GET", "/api/", "service.not_found"],
  ["GET", "/API/orders", "service.not_found"],
  ["GET", "/api/Orders", "service.not_found"],
  ["GET", "/api/ordersx", "service.not_found"],
  ["PUT", "/api/orders", "request.method_not_allowed"],
  ["POST", "/api/inventory/p-1/restock", "request.method_not_allowed"],
  ["DELETE", "/api/users/42", "request.method_not_allowed"],
  ["TRACE", "/api/users", "request.method_not_allowed"],
  ["GET", "//api/orders", "request.invalid"],
  ["GET", "/api//orders", "request.invalid"],
  ["GET", "/api/inventory/../reservations/42", "request.invalid"],
  ["GET", "/api/inventory/%2e%2E/reservations", "request.invalid"],
  ["GET", "/api/inventory/.%2e/reservations", "request.invalid"],
  ["GET", "/api/inventory/..", "request.invalid"],
  ["GET", "/api/inventory/%2Freservations", "request.invalid"],
  ["GET", "/api/inventory%5C..%5Creservations", "request.invalid"],
  ["GET", "/api/inventory\\..\\reservations", "request.invalid"],
  ["GET", "/api/inventory/p%00", "request.invalid"],
  ["GET", "http://elsewhere/api/orders", "request.invalid"],
])("%s %s is refused as %s", (method, target, code) => {
  expect(resolve(method, target)?.error?.code).toBe(code);
  expect(resolve(method, target)?.route).toBeUndefined();
});

test("405 names the methods that are allowed", () => {
  expect(resolve("DELETE", "/api/orders")?.error?.headers).toEqual({ Allow: "GET, POST, HEAD, OPTIONS" });
});

test.each(["/health", "/", "/apis/orders", "/orders"])("%s is not of the API", (target) => {
  expect(resolve("GET", target)).toBeUndefined();
});

test.each([
  ["GET", "/api/orders/42/details", true],
  ["GET", "/api/orders/42/details?x=1", true],
  ["GET", "/api/orders/42", false],
  ["GET", "/api/orders/42/DETAILS", false],
  ["POST", "/api/orders/42/details", false],
])("%s %s is composed: %s", (method, target, composed) => {
  expect(resolve(method, target)?.composed ?? false).toBe(composed);
});

test.each([
  ["/api/orders", "/api/orders"],
  ["/api/orders/0199-secret/timeline", "/api/orders/*"],
  ["/api/secret", "/api/*"],
])("the template of %s is %s: no id reaches log or metrics", (target, template) => {
  expect(resolve("GET", target)?.template).toBe(template);
});
