import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { callerConfig, routeName } from "../../test/support/mesh-pair";
import { meshLayout } from "./layout";
import { bothClusters, nameOf, toFiles, writeAll } from "./xds-files";

const layout = meshLayout("/state");
const ports = { callerOut: 1, calleeIn: 2, application: 3 };
const filesOf = (header = "1") => toFiles(callerConfig(layout, ports, header), "ROOT");

test("endpoints and the root certificate are part of their cluster, so that Envoy watches fewer files", () => {
  const [cluster] = filesOf().clusters.resources;
  expect(cluster).toMatchObject({
    type: "STATIC",
    load_assignment: {
      cluster_name: "callee",
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { port_value: 2 } } } }] }],
    },
    transport_socket: {
      typed_config: {
        common_tls_context: {
          tls_certificate_sds_secret_configs: [{ name: "default" }],
          validation_context: {
            match_typed_subject_alt_names: [{ san_type: "URI" }],
            trusted_ca: { inline_string: "ROOT" },
          },
        },
      },
    },
  });
  expect(JSON.stringify(cluster)).not.toContain("eds_cluster_config");
});

test("who does not serve is no endpoint", () => {
  const files = toFiles(callerConfig(layout, ports, "1"), "ROOT", new Set([ports.calleeIn]));
  expect(files.clusters.resources[0]).toMatchObject({
    load_assignment: { endpoints: [{ lb_endpoints: [] }] },
  });
});

test("a version changes with the content, and only with it", () => {
  const [first, same, other] = [filesOf("1"), filesOf("1"), filesOf("2")];
  expect(same).toEqual(first);
  expect(other.clusters).toEqual(first.clusters);
  expect(other.listeners).toEqual(first.listeners);
  expect(other.routes.get(routeName)?.version).not.toBe(first.routes.get(routeName)?.version);
});

test("while routes change, clusters that go and clusters that come are both there", () => {
  const file = (...names: string[]) => ({
    version: names.join(),
    resources: names.map((name) => ({ name })),
  });
  expect(bothClusters(file("a", "b"), file("b", "c")).resources.map(nameOf)).toEqual(["b", "c", "a"]);
  expect(bothClusters(file("a"), file("a", "b"))).toEqual(file("a", "b"));
});

test("all files of a sidecar are written, and those of routes that are gone removed", async () => {
  const state = mkdtempSync(join(tmpdir(), "symphony-xds-"));
  try {
    const { path, proxy } = meshLayout(state);
    const files = filesOf();
    const old = { ...files, routes: new Map([["old", files.clusters]]) };
    await writeAll("caller", old, path);
    await writeAll("caller", files, path);
    expect(readdirSync(proxy("caller"), { recursive: true }).sort()).toEqual(
      ["cds.json", "lds.json", "rds", `rds/${encodeURIComponent(routeName)}.json`].sort(),
    );
    expect(JSON.parse(readFileSync(path("caller", "cds"), "utf8"))).toEqual({
      version_info: files.clusters.version,
      resources: files.clusters.resources,
    });
  } finally {
    rmSync(state, { recursive: true });
  }
});
