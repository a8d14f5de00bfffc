import { versionsOf } from "./versions";

test("the versions are those that are pinned", () => {
  const versions = versionsOf("laptop", { environment: {} });
  expect(Object.keys(versions)).toEqual(["symphony", "node", "envoy", "nats-server", "postgres"]);
  for (const version of Object.values(versions)) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
});

test("a program of one's own is told as such, and a cluster's are not guessed", () => {
  expect(versionsOf("laptop", { environment: { ENVOY_BIN: "/opt/envoy" } })).toMatchObject({
    envoy: "that of ENVOY_BIN",
  });
  expect(Object.keys(versionsOf("kube", { environment: {} }))).toEqual(["symphony", "node"]);
});
