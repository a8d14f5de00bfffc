import { limitError, type Quota, rateLimitHeaders } from "./quota";

const minute: Quota = {
  name: "minute",
  limit: 100,
  windowSeconds: 60,
  remaining: 99,
  resetSeconds: 60,
  exceeded: false,
};
const hour: Quota = {
  name: "hour",
  limit: 1000,
  windowSeconds: 3600,
  remaining: 0,
  resetSeconds: 1800,
  exceeded: true,
};

test.each([
  ["none", [], {}],
  ["one", [minute], { "RateLimit-Policy": '"minute";q=100;w=60', RateLimit: '"minute";r=99;t=60' }],
  [
    "two",
    [minute, hour],
    {
      "RateLimit-Policy": '"minute";q=100;w=60, "hour";q=1000;w=3600',
      RateLimit: '"minute";r=99;t=60, "hour";r=0;t=1800',
    },
  ],
])("headers of %s", (_name, quotas, headers) => {
  expect(rateLimitHeaders(quotas)).toEqual(headers);
});

test.each([
  ["none exceeded", [minute], undefined],
  ["one exceeded", [minute, hour], "1800"],
  ["the longest counts", [{ ...minute, exceeded: true }, hour], "1800"],
])("limitError: %s", (_name, quotas, retryAfter) => {
  expect(limitError(quotas)?.headers?.["Retry-After"]).toBe(retryAfter);
});
