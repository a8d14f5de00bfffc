import { requestHeaders, responseHeaders } from "./headers";

describe("requestHeaders", () => {
  test.each([
    "connection",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "forwarded",
    "x-real-ip",
    "x-request-id",
    "x-service",
    "x-forwarded-for",
    "x-forwarded-client-cert",
    "x-envoy-max-retries",
    "x-envoy-upstream-rq-timeout-ms",
    "x-istio-attributes",
    "x-symphony-internal",
    "x-user-id",
    "x-http-method-override",
  ])("%s is dropped", (name) => {
    expect(requestHeaders({ [name]: "x" })).toEqual({});
  });

  test.each([
    "accept",
    "authorization",
    "content-type",
    "content-length",
    "transfer-encoding",
    "host",
    "idempotency-key",
    "last-event-id",
    "traceparent",
    "x-correlation-id",
    "x-symphony-fault",
  ])("%s is kept", (name) => {
    expect(requestHeaders({ [name]: "x" })).toEqual({ [name]: "x" });
  });

  test("what Connection names goes too, except what frames the message", () => {
    const given = { connection: "close, X-Secret,content-length", "x-secret": "1", "content-length": "5" };
    expect(requestHeaders(given)).toEqual({ "content-length": "5" });
  });
});

describe("responseHeaders", () => {
  test.each([
    "connection",
    "keep-alive",
    "transfer-encoding",
    "access-control-allow-origin",
    "server",
    "x-envoy-upstream-service-time",
    "x-powered-by",
    "x-request-id",
    "x-correlation-id",
  ])("%s is dropped", (name) => {
    expect(responseHeaders({ [name]: "x" })).toEqual({});
  });

  test.each([
    ["/users/42", "/api/users/42"],
    ["https://elsewhere/x", "https://elsewhere/x"],
    ["//elsewhere/x", "//elsewhere/x"],
  ])("Location %s becomes %s", (location, outer) => {
    expect(responseHeaders({ location })).toEqual({ location: outer });
  });

  test("several cookies stay several", () => {
    expect(responseHeaders({ "set-cookie": ["a=1", "b=2"], etag: "x" })).toEqual({
      "set-cookie": ["a=1", "b=2"],
      etag: "x",
    });
  });
});
