import { type Span } from "./span";
import { bar, errorsOf, layOut, notesOf, serviceOf, titleOf } from "./waterfall";

const spanOf = (spanId: string, parentId: string | undefined, rest: Partial<Span> = {}): Span => ({
  traceId: "t",
  spanId,
  parentId,
  service: "order",
  name: spanId,
  kind: "internal",
  startMs: 0,
  durationMs: 10,
  failed: false,
  message: undefined,
  attributes: {},
  events: [],
  links: [],
  ...rest,
});
const sql = { attributes: { "db.system.name": "postgresql" } };
const shape = (spans: Span[], all = false) =>
  layOut(spans, { sql: all }).map(({ span, depth, statements }) => [span.spanId, depth, statements.count]);

test("spans stand below their parents in the order of time, and statements are folded", () => {
  const spans = [
    spanOf("late", "root", { startMs: 5 }),
    spanOf("query", "early", sql),
    spanOf("bad query", "early", { ...sql, failed: true }),
    spanOf("early", "root", { startMs: 2 }),
    spanOf("root", undefined),
  ];
  expect(shape(spans)).toEqual([
    ["root", 0, 0],
    ["early", 1, 1],
    ["bad query", 2, 0],
    ["late", 1, 0],
  ]);
  expect(shape(spans, true).map(([id]) => id)).toEqual(["root", "early", "query", "bad query", "late"]);
});

test("a span whose parent nobody sent is a root; parents in a circle end nothing", () => {
  expect(shape([spanOf("a", "gone"), spanOf("b", "b"), spanOf("c", "d"), spanOf("d", "c")])).toEqual([
    ["a", 0, 0],
    ["b", 0, 0],
  ]);
});

test.each([
  [{ fromMs: 0, durationMs: 100 }, "████"],
  [{ fromMs: 50, durationMs: 50 }, "  ██"],
  [{ fromMs: 0, durationMs: 37.5 }, "█▌  "],
  [{ fromMs: 100, durationMs: 0 }, "   ▏"],
  [{ fromMs: 99, durationMs: 500 }, "   █"],
])("%j of 100 ms is %j", (row, text) => {
  expect(bar(row, 100, 4)).toBe(text);
});

test.each([
  [
    { attributes: { response_flags: "UF,URX", component: "proxy" }, failed: true },
    [
      "UF: the upstream could not be connected to; URX: the limit of retries or connection attempts is used up",
    ],
  ],
  [{ attributes: { response_flags: "-" } }, []],
  [{ attributes: { response_flags: "XYZ" } }, ["XYZ: see Envoy's list of response flags"]],
  [{ failed: true, message: "no" }, ["no"]],
  [{ failed: true, attributes: { "error.type": "503" } }, ["failed: 503"]],
  [
    {
      failed: true,
      events: [
        {
          name: "exception",
          atMs: 0,
          attributes: { "exception.type": "peer.timeout", "exception.message": "late" },
        },
      ],
    },
    ["peer.timeout: late"],
  ],
])("%j is told as %j", (rest, words) => {
  expect(errorsOf(spanOf("a", undefined, rest as Partial<Span>))).toEqual(words);
});

test("attempts, outcomes and batches are told", () => {
  const attributes = {
    "http.response.status_code": 202,
    "symphony.delivery.attempt": 3,
    "symphony.outcome": "retried",
    "messaging.batch.message_count": 4,
  };
  const [row] = layOut([spanOf("a", undefined, { attributes })], { sql: false });
  expect(notesOf(row!)).toEqual(["202", "attempt 3", "retried", "with 3 more in one transaction"]);
});

test.each([
  ["inventory.symphony", "inventory sidecar"],
  ["istio-ingressgateway.istio-system", "ingress"],
])("the proxy %s is called %s", (service, name) => {
  expect(serviceOf(spanOf("a", undefined, { service, attributes: { component: "proxy" } }))).toBe(name);
  expect(serviceOf(spanOf("a", undefined))).toBe("order");
});

const proxy = (id: string, parent: string | undefined, rest: Partial<Span> = {}): Span =>
  spanOf(id, parent, { ...rest, attributes: { component: "proxy", ...rest.attributes } });

test.each<[string, Partial<Span>[], string[]]>([
  ["the only one, and it went well", [{}], ["sidecar", "callee 0"]],
  [
    "two",
    [{ attributes: { "http.status_code": "503" } }, { attributes: { "retry.count": "1" } }],
    ["sidecar", "attempt 0", "callee 0", "attempt 1", "callee 1"],
  ],
  ["one that failed", [{ failed: true }], ["sidecar", "attempt 0", "callee 0"]],
  ["one with a flag", [{ attributes: { response_flags: "UT" } }], ["sidecar", "attempt 0", "callee 0"]],
])("attempts of a sidecar are shown where they tell something: %s", (_what, attempts, expected) => {
  const spans = attempts.flatMap((rest, index) => [
    proxy(`attempt ${index}`, "sidecar", { kind: "client", startMs: index, ...rest }),
    proxy(`callee ${index}`, `attempt ${index}`, { kind: "server", startMs: index }),
  ]);
  const all = [proxy("sidecar", undefined, { kind: "server" }), ...spans];
  expect(shape(all).map(([id]) => id)).toEqual(expected);
  expect(layOut(all, { sql: false, attempts: true })).toHaveLength(all.length);
});

test.each([
  ["router outbound|8080||payment.symphony.svc.cluster.local; egress", {}, "attempt 1 to payment:8080"],
  [
    "router outbound|9090|canary|inventory.symphony.svc.cluster.local; egress",
    { "retry.count": "2" },
    "attempt 3 to inventory:9090 (canary)",
  ],
  ["order.symphony.svc.cluster.local:8080/orders*", {}, "order:8080/orders*"],
])("a proxy's span %s %j is titled %s", (name, attributes, title) => {
  expect(titleOf(proxy("a", undefined, { name, attributes }))).toBe(title);
  expect(titleOf(spanOf("a", undefined, { name }))).toBe(name);
});

test.each([
  [
    { "http.status_code": "0", response_flags: "UT" },
    ["no answer", "UT: the upstream did not answer in time"],
  ],
  [{ "http.status_code": "503", response_flags: "-" }, ["503"]],
  [{ "http.status_code": "503", response_flags: "FI" }, ["503", "FI: a fault rule answered with an error"]],
])("what a sidecar says by %j is told as %j", (attributes, notes) => {
  const [row] = layOut([proxy("a", undefined, { failed: true, attributes })], { sql: false });
  expect(notesOf(row!)).toEqual(notes);
});
