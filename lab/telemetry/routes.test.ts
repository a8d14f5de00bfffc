import { parseMetrics, quantile } from "./open-metrics";
import { compareRoutes } from "./routes";

const scrape = (ok: number, failed: number, retried: number) =>
  parseMetrics(`# TYPE http_server_request_duration_seconds histogram
http_server_request_duration_seconds_bucket{le="0.1",method="POST",route="/orders",status="202",service="order"} ${ok} # {trace_id="abc"} 0.05 1732390000.1
http_server_request_duration_seconds_bucket{le="+Inf",method="POST",route="/orders",status="202",service="order"} ${ok}
http_server_request_duration_seconds_sum{method="POST",route="/orders",status="202",service="order"} 1.5
http_server_request_duration_seconds_count{method="POST",route="/orders",status="202",service="order"} ${ok}
http_server_request_duration_seconds_bucket{le="0.1",method="POST",route="/orders",status="503",service="order"} 0
http_server_request_duration_seconds_bucket{le="1",method="POST",route="/orders",status="503",service="order"} ${failed}
http_server_request_duration_seconds_bucket{le="+Inf",method="POST",route="/orders",status="503",service="order"} ${failed}
http_server_request_duration_seconds_count{method="POST",route="/orders",status="503",service="order"} ${failed}
http_server_request_duration_seconds_count{method="GET",route="/readyz",status="200",service="order"} 1000
http_server_retried_requests_total{method="POST",route="/orders",service="order"} ${retried}
# EOF`);

test("what happened between two scrapes, per route and without the probes", () => {
  expect(compareRoutes(scrape(100, 10, 0), scrape(190, 20, 4), 10)).toEqual([
    {
      service: "order",
      route: "POST /orders",
      perSecond: 10,
      success: 0.9,
      p50: expect.closeTo(55.6, 1),
      p95: expect.any(Number),
      p99: expect.any(Number),
      retriesPerSecond: 0.4,
    },
  ]);
});

test("a process that was started anew counts from nothing", () => {
  expect(compareRoutes(scrape(100, 0, 0), scrape(20, 0, 0), 10)[0]?.perSecond).toBe(2);
});

test("no request, no row", () => {
  expect(compareRoutes(scrape(1, 1, 1), scrape(1, 1, 1), 1)).toEqual([]);
});

test.each([
  [
    [
      [1, 0],
      [2, 10],
      [Infinity, 10],
    ],
    0.5,
    1.5,
  ],
  [
    [
      [1, 10],
      [Infinity, 20],
    ],
    0.99,
    1,
  ],
  [[], 0.5, Number.NaN],
])("the quantile of %j at %d is %d", (buckets, q, value) => {
  expect(quantile(new Map(buckets as [number, number][]), q)).toBe(value);
});

test("labels with quotes and strange lines are read as they are meant", () => {
  expect(parseMetrics('a{b="x\\"y\\n",c="d"} 1\nnonsense\n# HELP a b\nb NaN\nc 3 # {t="1"} 2')).toEqual([
    { name: "a", labels: { b: 'x"y\n', c: "d" }, value: 1 },
    { name: "b", labels: {}, value: Number.NaN },
    { name: "c", labels: {}, value: 3 },
  ]);
});
