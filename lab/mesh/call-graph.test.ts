import { parseAllDocuments } from "yaml";

import { readSources } from "./sources";

type Policy = {
  kind: string;
  metadata: { name: string; namespace: string };
  spec: {
    selector?: { matchLabels?: Record<string, string> };
    action?: string;
    rules?: { from?: { source: { principals?: string[] } }[] }[];
  };
};
/** Who calls whom: callees by caller. */
type Calls = Map<string, Set<string>>;

const policiesIn = (folder: string): Policy[] =>
  readSources(folder)
    .flatMap(({ text }) => parseAllDocuments(text).map((document) => document.toJS() as Policy | null))
    .filter((object) => object !== null)
    .filter(({ kind, metadata }) => kind === "AuthorizationPolicy" && metadata.namespace === "symphony");

/** Caller and callee of each call that a policy allows. One that lets in whom it does not name throws. */
function allowedBy({ metadata, spec }: Policy): [caller: string, callee: string][] {
  const callee = spec.selector?.matchLabels?.["app.kubernetes.io/name"];
  return (spec.rules ?? []).flatMap(({ from }) =>
    // Without `from` a rule lets in everybody, and so does a source without principals, at least of a namespace.
    (from ?? [{ source: {} }]).flatMap(({ source }) => {
      if (callee === undefined || source.principals === undefined)
        throw new Error(`the policy ${metadata.name} does not say who may call whom`);
      return source.principals.map((principal): [string, string] => [
        principal.split("/").at(-1) ?? principal,
        callee,
      ]);
    }),
  );
}

function callsOf(policies: readonly Policy[]): Calls {
  const calls: Calls = new Map();
  for (const [caller, callee] of policies.filter(({ spec }) => spec.action !== "DENY").flatMap(allowedBy))
    calls.set(caller, (calls.get(caller) ?? new Set()).add(callee));
  return calls;
}

/** The first cycle found, as the services that call one another in turn; undefined where there is none. */
function cycleIn(calls: Calls): string[] | undefined {
  const done = new Set<string>();
  const visit = (service: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(service)) return [...path.slice(path.indexOf(service)), service];
    if (done.has(service)) return undefined;
    for (const callee of calls.get(service) ?? []) {
      const cycle = visit(callee, [...path, service]);
      if (cycle !== undefined) return cycle;
    }
    done.add(service);
    return undefined;
  };
  for (const caller of calls.keys()) {
    const cycle = visit(caller, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

const base = policiesIn("mesh/base");

test.each([
  ["mesh/base", base],
  ["the profile chaos", [...base, ...policiesIn("mesh/profiles/chaos")]],
])("no services wait for one another in a circle under %s", (_, policies) => {
  const calls = callsOf(policies);
  // What everybody knows of the system, so that a reader who finds nothing is noticed.
  expect(calls.get("istio-ingressgateway")).toEqual(new Set(["gateway", "user"]));
  expect([...(calls.get("order") ?? [])]).toEqual(
    expect.arrayContaining(["inventory", "payment", "shipping"]),
  );
  expect(cycleIn(calls)).toBeUndefined();
});

const planted = (callee: string, source: { principals?: string[] }): Policy => ({
  kind: "AuthorizationPolicy",
  metadata: { name: `planted-${callee}`, namespace: "symphony" },
  spec: {
    selector: { matchLabels: { "app.kubernetes.io/name": callee } },
    action: "ALLOW",
    rules: [{ from: [{ source }] }],
  },
});

test.each([
  ["over two services", "gateway", "shipping", ["gateway", "order", "shipping", "gateway"]],
  ["between two", "order", "payment", ["order", "payment", "order"]],
  ["of one with itself", "audit", "audit", ["audit", "audit"]],
])("a circle %s is named", (_, callee, caller, cycle) => {
  const principals = [`cluster.local/ns/symphony/sa/${caller}`];
  expect(cycleIn(callsOf([...base, planted(callee, { principals })]))).toEqual(cycle);
});

test("a policy that lets anybody in is refused, as no graph can be read from it", () => {
  expect(() => callsOf([planted("order", {})])).toThrow("planted-order does not say who may call whom");
});
