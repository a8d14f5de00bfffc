import { parseBreakers } from "./breaker";

const prefix = "cluster.outbound|8080||order.symphony.svc.cluster.local";

test.each([
  ["no statistics", "", {}],
  [
    "closed",
    `${prefix}.membership_total: 2\n${prefix}.outlier_detection.ejections_active: 0\n`,
    { order: 0 },
  ],
  [
    "half-open",
    `${prefix}.membership_total: 2\n${prefix}.outlier_detection.ejections_active: 1`,
    { order: 1 },
  ],
  [
    "open",
    `${prefix}.outlier_detection.ejections_active: 2\r\n${prefix}.membership_total: 2\r\n`,
    { order: 2 },
  ],
  [
    "no hosts",
    `${prefix}.membership_total: 0\n${prefix}.outlier_detection.ejections_active: 0`,
    { order: 0 },
  ],
  [
    "a host name that ends in a semicolon",
    `${prefix};.membership_total: 1\n${prefix};.outlier_detection.ejections_active: 1`,
    { order: 2 },
  ],
  [
    "the worst of the subsets",
    [
      `${prefix}.membership_total: 2`,
      `${prefix}.outlier_detection.ejections_active: 0`,
      "cluster.outbound|8080|v2|order.symphony.svc.cluster.local.membership_total: 1",
      "cluster.outbound|8080|v2|order.symphony.svc.cluster.local.outlier_detection.ejections_active: 1",
    ].join("\n"),
    { order: 2 },
  ],
  [
    "other clusters and other counters",
    [
      "cluster.inbound|8080||.membership_total: 1",
      "cluster.xds-grpc.membership_total: 1",
      `${prefix}.membership_healthy: 2`,
      `${prefix}.outlier_detection.ejections_total: 7`,
      "server.uptime: 12",
      `${prefix}.membership_total: 1`,
    ].join("\n"),
    { order: 0 },
  ],
  [
    "several services",
    [
      `${prefix}.membership_total: 1`,
      "cluster.outbound|8080||user.symphony.svc.cluster.local.membership_total: 1",
      "cluster.outbound|8080||user.symphony.svc.cluster.local.outlier_detection.ejections_active: 1",
    ].join("\n"),
    { order: 0, user: 2 },
  ],
])("%s", (_name, stats, expected) => {
  expect(Object.fromEntries(parseBreakers(stats))).toEqual(expected);
});
