import { compareHops, readHops } from "./hops";

const stats = (requests: number, retries: number, ejected = 0) => `
cluster.outbound|8080||payment.symphony.svc.cluster.local;.upstream_rq_total: ${requests}
cluster.outbound|8080||payment.symphony.svc.cluster.local;.upstream_rq_retry: ${retries}
cluster.outbound|8080||payment.symphony.svc.cluster.local;.upstream_rq_retry_success: 1000
cluster.outbound|8080||payment.symphony.svc.cluster.local;.upstream_rq_per_try_timeout: 2
cluster.outbound|8080||payment.symphony.svc.cluster.local;.outlier_detection.ejections_active: ${ejected}
cluster.inbound|8080||;.upstream_rq_total: 7`;

test("a caller's sidecar says how often it called whom, and how often again", () => {
  const before = readHops("order", stats(100, 10));
  expect(compareHops(before, readHops("order", stats(150, 15, 1)), 10)).toEqual([
    {
      from: "order",
      to: "payment:8080",
      perSecond: 5,
      retriesPerSecond: 0.5,
      timeoutsPerSecond: 0,
      refusedPerSecond: 0,
      ejected: 1,
    },
  ]);
  expect(compareHops(before, before, 10)).toEqual([]);
});

test("a sidecar that was started anew counts from nothing", () => {
  const rows = compareHops(readHops("order", stats(100, 10)), readHops("order", stats(20, 1)), 10);
  expect(rows[0]).toMatchObject({ perSecond: 2, retriesPerSecond: 0.1 });
});

test("a subset is a callee of its own", () => {
  const text = "cluster.outbound|8080|canary|inventory.symphony.svc.cluster.local;.upstream_rq_total: 3";
  expect(readHops("order", text)).toMatchObject([{ to: "inventory:8080 (canary)", requests: 3 }]);
});
