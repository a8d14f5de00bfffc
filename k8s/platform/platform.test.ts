import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";

import { parse, stringify } from "yaml";

import { serviceNames } from "../../lib/events";
import { projectRoot } from "../../lib/paths";
import { has, validateManifests } from "../../test/support/helm";
import { promtool } from "../../test/support/promtool";
import { ruleFile } from "../alerts/rules";
import { natsConfig } from "./nats-config";
import { permissionsOf } from "./nats-permissions";
import { prometheusConfig, scrapedNamespaces } from "./prometheus-config";
import { type Manifest, render, renderExtras, synthesize } from "./synth";

const folder = join(projectRoot, "k8s", "dist");
const files = synthesize();
const extras = renderExtras();
const objects = [...files.values()].flat();

test.each([...files])("k8s/dist/%s is what npm run synth writes", (name, manifests) => {
  expect(readFileSync(join(folder, name), "utf8")).toBe(render(manifests));
});

test.each([...extras])("k8s/dist/%s is what npm run synth writes", (name, text) => {
  expect(readFileSync(join(folder, name), "utf8")).toBe(text);
});

test("k8s/dist/ has no other file", () => {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  expect(found.sort()).toEqual([...files.keys(), ...extras.keys()].sort());
});

type PodSpec = {
  automountServiceAccountToken?: boolean;
  securityContext: { runAsNonRoot: boolean; runAsUser: number; seccompProfile: { type: string } };
  containers: {
    resources: { requests: object; limits: object };
    securityContext: object;
    readinessProbe: object;
    livenessProbe: object;
  }[];
};
const workloads = objects
  .filter(({ kind }) => ["Deployment", "StatefulSet"].includes(kind))
  .map((object) => ({
    name: `${object.kind} ${object.metadata.name}`,
    pod: (object as Manifest & { spec: { template: { spec: PodSpec } } }).spec.template.spec,
  }));

test.each(workloads)("$name fits the profile restricted, is probed and asks for resources", ({ pod }) => {
  expect(pod.automountServiceAccountToken).toBe(false);
  expect(pod.securityContext).toMatchObject({
    runAsNonRoot: true,
    runAsUser: expect.any(Number) as number,
    seccompProfile: { type: "RuntimeDefault" },
  });
  for (const container of pod.containers)
    expect(container).toMatchObject({
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      },
      readinessProbe: expect.any(Object) as object,
      livenessProbe: expect.any(Object) as object,
      resources: { requests: expect.any(Object) as object, limits: expect.any(Object) as object },
    });
});

test("both namespaces enforce the profile restricted, inject sidecars and deny by default", () => {
  for (const name of ["symphony", "symphony-platform"]) {
    const namespace = objects.find(({ kind, metadata }) => kind === "Namespace" && metadata.name === name);
    expect(namespace?.metadata).toMatchObject({
      labels: { "pod-security.kubernetes.io/enforce": "restricted", "istio-injection": "enabled" },
    });
    expect(objects).toContainEqual(
      expect.objectContaining({
        kind: "NetworkPolicy",
        metadata: expect.objectContaining({ name: "default-deny", namespace: name }) as object,
        spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
      }),
    );
  }
});

test("no Secret and no password is written down", () => {
  expect(objects.filter(({ kind }) => kind === "Secret")).toEqual([]);
});

describe("the users of the broker", () => {
  test("an order may be published by order alone, and nobody takes from another's consumer", () => {
    for (const service of serviceNames) {
      const { publish, subscribe } = permissionsOf(service);
      expect({ service, may: publish.allow.includes("order.created") }).toEqual({
        service,
        may: service === "order",
      });
      expect(subscribe.allow).toEqual([`_INBOX.${service}.>`]);
      expect(publish.allow.filter((subject) => subject === ">" || subject.startsWith("$JS.API.>"))).toEqual(
        [],
      );
    }
    expect(permissionsOf("analytics").publish.deny).toContain("$JS.API.CONSUMER.MSG.NEXT.EVENTS.payment");
  });

  test.each(["payment", "gateway", "analytics"] as const)("%s", (service) => {
    expect(permissionsOf(service)).toMatchSnapshot();
  });

  test("acknowledged is on the disk, and passwords come from the environment", () => {
    const config = natsConfig(1, () => "");
    expect(config).toContain("sync_interval: always");
    expect(config.match(/password: .*/g)).toEqual(
      ["admin", ...serviceNames].map((name) => `password: $NATS_PASSWORD_${name}`),
    );
  });
});

test("production has three brokers with three copies, and no database of its own", () => {
  const production = files.get("platform-production.yaml") ?? [];
  const stateful = production.filter(({ kind }) => kind === "StatefulSet");
  expect(stateful.map(({ metadata }) => metadata.name)).toEqual(["nats", "prometheus"]);
  expect(stateful.slice(0, 1)).toEqual([
    expect.objectContaining({
      metadata: expect.objectContaining({ name: "nats" }) as object,
      spec: expect.objectContaining({ replicas: 3 }) as object,
    }),
  ]);
  expect(JSON.stringify(production)).toContain(`{"name":"STREAM_REPLICAS","value":"3"}`);
});

const scripts = readFileSync(join(projectRoot, "k8s", "secrets"), "utf8");
test("the script that makes the Secrets knows every service", () => {
  expect(/^services=\((.*)\)$/m.exec(scripts)?.[1]?.split(" ")).toEqual(serviceNames);
});

function yamlFilesIn(path: string): string[] {
  return readdirSync(path).flatMap((name) => {
    const file = join(path, name);
    if (statSync(file).isDirectory()) return yamlFilesIn(file);
    return name.endsWith(".yaml") && name !== "rules.yaml" ? [file] : [];
  });
}

const withKubeconform = has("kubeconform") || process.env.REQUIRE_CLUSTER_TOOLS === "1" ? test : test.skip;
withKubeconform(
  "everything in k8s/dist and mesh fits Kubernetes' and Istio's own schemas (skipped where kubeconform is not on the PATH)",
  () => {
    const paths = [...yamlFilesIn(folder), ...yamlFilesIn(join(projectRoot, "mesh"))];
    validateManifests(paths.map((path) => readFileSync(path, "utf8")));
  },
);

withKubeconform.each([
  ["an unknown field", "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\nautomount: false\n"],
  [
    "an unknown field of Istio's",
    "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a}\nspec: {http: [{retry: {}}]}\n",
  ],
  ["a value of another type", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: 1}\n"],
])("kubeconform refuses %s", (_what, text) => {
  expect(() => {
    validateManifests([text]);
  }).toThrow("invalid");
});

describe("prometheus", () => {
  const platform = files.get("platform-kind.yaml") ?? [];

  test("may look for pods in the scraped namespaces, and nothing else in the cluster", () => {
    const roles = platform.filter(({ kind }) => kind === "Role") as (Manifest & { rules: object[] })[];
    expect(roles.map(({ metadata }) => metadata.namespace)).toEqual(scrapedNamespaces);
    for (const { rules } of roles)
      expect(rules).toEqual([{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] }]);
    expect(objects.filter(({ kind }) => kind.startsWith("ClusterRole"))).toEqual([]);
  });

  test("keeps as long as the longest window of an alert, and reads the rules that are tested", () => {
    expect(JSON.stringify(platform)).toContain("--storage.tsdb.retention.time=4d");
    const config = platform.find(
      ({ kind, metadata }) => kind === "ConfigMap" && metadata.name === "prometheus",
    );
    const { data } = config as Manifest & { data: Record<string, string> };
    expect(parse(data["rules.yaml"] ?? "")).toEqual(ruleFile);
    expect(parse(data["prometheus.yaml"] ?? "")).toEqual(prometheusConfig);
  });

  const withPromtool = has("promtool") || process.env.REQUIRE_CLUSTER_TOOLS === "1" ? test : test.skip;
  withPromtool("promtool takes its configuration (skipped where promtool is not on the PATH)", () => {
    const files = { "prometheus.yaml": stringify(prometheusConfig) };
    expect(() => {
      promtool(["check", "config", "--syntax-only", "prometheus.yaml"], files);
    }).not.toThrow();
  });
});
