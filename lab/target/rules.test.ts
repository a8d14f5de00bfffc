import { configVersion, parseStats } from "./envoy";
import { parseRule, withNamespace } from "./rules";
import { concerns } from "./sidecars";

const rule = (kind: string, spec = "{}"): string =>
  `apiVersion: x/v1\nkind: ${kind}\nmetadata: {name: r}\nspec: ${spec}\n`;
const payment = { namespace: "symphony", labels: { "app.kubernetes.io/name": "payment" } };
const order = { namespace: "symphony", labels: { "app.kubernetes.io/name": "order" } };
const ingress = { namespace: "istio-system", labels: { istio: "ingressgateway" } };

test.each([
  ["EnvoyFilter", "{workloadSelector: {labels: {app.kubernetes.io/name: payment}}}", [true, false, false]],
  ["AuthorizationPolicy", "{selector: {matchLabels: {app.kubernetes.io/name: order}}}", [false, true, false]],
  ["PeerAuthentication", "{mtls: {mode: STRICT}}", [true, true, false]],
  ["VirtualService", "{hosts: [payment]}", [true, true, false]],
  ["DestinationRule", "{host: payment}", [true, true, false]],
  ["Gateway", "{selector: {istio: ingressgateway}}", [false, false, true]],
  ["ConfigMap", "{}", [false, false, false]],
])("whose sidecars a %s with %s changes", (kind, spec, expected) => {
  const [object] = parseRule(rule(kind, spec), "symphony");
  expect([payment, order, ingress].map((pod) => concerns(object!, pod))).toEqual(expected);
});

test("documents are read one by one, with their own namespace", () => {
  const text = `---\n${rule("Telemetry")}---\n${rule("Gateway").replace("{name: r}", "{name: g, namespace: other}")}---\n`;
  expect(parseRule(text, "symphony").map(({ kind, name, namespace }) => [kind, name, namespace])).toEqual([
    ["Telemetry", "r", "symphony"],
    ["Gateway", "g", "other"],
  ]);
});

test("objects that name no namespace are given one, the others keep theirs", () => {
  const text = `---\n${rule("Telemetry")}---\n${rule("Gateway").replace("{name: r}", "{name: g, namespace: other}")}---\n`;
  const complete = parseRule(withNamespace(text, "symphony"), "none");
  expect(complete.map(({ name, namespace }) => [name, namespace])).toEqual([
    ["r", "symphony"],
    ["g", "other"],
  ]);
});

test.each(["no YAML: [", "kind: Gateway\n", "just text\n"])("%p is refused", (text) => {
  expect(() => parseRule(text, "symphony")).toThrow(/no Kubernetes object/);
});

test("reads numbers and versions, not histograms, of Envoy's statistics", () => {
  const stats = parseStats(
    [
      'cluster_manager.cds.version_text: "2026-11-23T17:14:46Z/49"',
      'listener_manager.lds.version_text: "2026-11-23T17:14:46Z/51"',
      "listener_manager.total_filter_chains_draining: 2",
      "http.inbound_0.0.0.0_8080;.fault.aborts_injected: 3",
      "listener_manager.lds.update_duration: P0(nan,0) P25(nan,2.05)",
      "",
    ].join("\n"),
  );
  expect(stats.values).toEqual({
    "listener_manager.total_filter_chains_draining": 2,
    "http.inbound_0.0.0.0_8080;.fault.aborts_injected": 3,
  });
  expect(configVersion(stats)).toEqual({ listeners: 51, clusters: 49, draining: 2 });
  expect(configVersion({ values: {}, texts: {} })).toEqual({ listeners: 0, clusters: 0, draining: 0 });
});
