import { exitCodes } from "../run/failure";
import { confirmContext } from "./confirm";
import { ingressCandidates } from "./ingress";
import { Collector } from "./kube-logs";
import { serviceOf } from "./kube-system";
import { explain } from "./kubectl";
import { parseQuantity, readPods } from "./pods";
import { targetName } from "./system";

test.each([
  ["error: current-context is not set", "kube.no_context"],
  ['error: context "kind-x" does not exist', "kube.no_context"],
  [
    "The connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?",
    "kube.unreachable",
  ],
  ["Unable to connect to the server: dial tcp: lookup nowhere: no such host", "kube.unreachable"],
  ['error: the server doesn\'t have a resource type "envoyfilters"', "kube.no_istio"],
  ["error: You must be logged in to the server (Unauthorized)", "kube.forbidden"],
])("kubectl's %p becomes %s with its fix", (complaint, code) => {
  const failure = explain(complaint);
  expect(failure.code).toBe(code);
  expect(failure.exitCode).toBe(exitCodes.environment);
  expect(failure.fix).toBeDefined();
});

test("what else kubectl says is told without its decoration", () => {
  const failure = explain('E1123 memcache.go:265] noise\nError from server (NotFound): pods "x" not found\n');
  expect(failure.message).toBe('kubectl: pods "x" not found');
});

const ingressService = (nodePort?: number, ip?: string): object => ({
  spec: { ports: [{ port: 15021 }, { port: 80, ...(nodePort !== undefined && { nodePort }) }] },
  status: { loadBalancer: ip === undefined ? {} : { ingress: [{ ip }] } },
});
test.each([
  ["a kind cluster's node port", ingressService(30080), "kind-symphony", ["http://127.0.0.1:30080"]],
  ["another cluster's node port is not on loopback", ingressService(30080), "prod", []],
  ["a load balancer", ingressService(30080, "10.1.2.3"), "prod", ["http://10.1.2.3"]],
])("the way in: %s", (_case, answer, context, urls) => {
  expect(ingressCandidates(answer, context)).toEqual(urls);
});

test.each([
  ["postgres://a:b@postgres.symphony-platform:5432/a", "service/postgres", 5432],
  ["nats://nats.symphony-platform.svc.cluster.local:4222", "service/nats", 4222],
  ["postgres://a:b@db.example.com:5432/a", undefined, undefined],
])("%s leads to %s", (url, resource, port) => {
  const found = serviceOf(new URL(url));
  expect([found?.resource, found?.port]).toEqual([resource, port]);
});

test.each([
  ["96Mi", 96 * 2 ** 20],
  ["1Gi", 2 ** 30],
  ["500k", 500_000],
  ["12", 12],
  ["x", Number.NaN],
])("the quantity %s is %d bytes", (text, bytes) => {
  expect(parseQuantity(text)).toBe(bytes);
});

const podAnswer = {
  items: [
    {
      metadata: {
        name: "order-1",
        namespace: "symphony",
        labels: { "app.kubernetes.io/name": "order" },
        creationTimestamp: "2026-01-01T00:00:00Z",
      },
      spec: {
        containers: [{ name: "order", resources: { requests: { memory: "96Mi" } } }],
        initContainers: [
          { name: "istio-validation", resources: { requests: { memory: "1Gi" } } },
          { name: "istio-proxy", restartPolicy: "Always", resources: { requests: { memory: "48Mi" } } },
        ],
      },
      status: {
        phase: "Running",
        conditions: [{ type: "Ready", status: "True" }],
        containerStatuses: [{ name: "order", ready: true, restartCount: 2 }],
        initContainerStatuses: [{ name: "istio-proxy", ready: true, restartCount: 1 }],
      },
    },
    {
      metadata: { name: "test", namespace: "symphony", creationTimestamp: "2026-01-01T00:00:00Z" },
      spec: { containers: [{ name: "test" }] },
      status: { phase: "Succeeded" },
    },
  ],
};
test("a pod counts the sidecar's memory and restarts, not those of init containers that have ended", () => {
  expect(readPods(podAnswer)).toMatchObject([
    {
      name: "order-1",
      workload: "order",
      ready: true,
      restarts: 3,
      container: "order",
      memoryRequest: 144 * 2 ** 20,
    },
  ]);
});

test("log lines of several pods are one stream by time, named by workload", () => {
  const collector = new Collector([
    { name: "order-5d4-aaaaa", workload: "order" },
    { name: "user-5d4-bbbbb", workload: "user" },
    { name: "user-5d4-ccccc", workload: "user" },
  ]);
  const line = (time: string, msg: string): string =>
    JSON.stringify({ level: "info", time, service: "x", msg });
  collector.add(`[pod/order-5d4-aaaaa/order] ${line("2026-01-01T00:00:02.000Z", "second")}`);
  collector.add("[pod/order-5d4-aaaaa/order]     at a stack's line");
  collector.add(`[pod/user-5d4-bbbbb/user] ${line("2026-01-01T00:00:01.000Z", "first")}`);
  collector.add("noise");
  expect(collector.last(10).map(({ source, line: { message } }) => [source, message.trim()])).toEqual([
    ["user-bbbbb", "first"],
    ["order", "second"],
    ["order", "at a stack's line"],
  ]);
  expect(collector.take()).toEqual([]);
});

test.each([
  [{}, "laptop"],
  [{ SYMPHONY_TARGET: "" }, "laptop"],
  [{ SYMPHONY_TARGET: "kube" }, "kube"],
])("the target of %p is %s", (environment, name) => {
  expect(targetName(environment)).toBe(name);
});

test("a target that does not exist is wrong usage", () => {
  expect(() => targetName({ SYMPHONY_TARGET: "moon" })).toThrow(/no target moon/);
});

test.each([
  ["kind-symphony", {}, true],
  ["production", { SYMPHONY_YES: "1" }, true],
  ["production", {}, false],
])("changing context %s with %p", async (context, environment, allowed) => {
  const asked = confirmContext(context, { environment, interactive: false });
  if (allowed) await expect(asked).resolves.toBeUndefined();
  else await expect(asked).rejects.toMatchObject({ code: "kube.context", exitCode: exitCodes.usage });
});
