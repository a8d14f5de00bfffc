import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { createHttpClient } from "../load/http";
import { runLoad } from "../load/load";
import { percentile } from "../load/percentiles";
import { seededRandom } from "../load/random";
import { runReads } from "../load/reads";
import { readStats } from "../mesh/admin";
import { type Control } from "../mesh/control";
import { type Stack } from "../run/stack";
import { goalRow, inMs, type Row } from "./report";
import { demoOrder } from "./unloaded";

const changesPerKind = 50;
const load = { reads: 20, orders: 5, users: 4 };
const goalMs = 1000;
const limitMs = 30_000;
const pollMs = 5;
const lds = "listener_manager.lds.version_text";

type Sidecar = { name: string; port: number };

/** How a change is made, and how it is seen that one place has it. */
type ChangeKind = {
  name: string;
  /** Writes the n-th version; from then on time is measured. */
  save(version: number): void;
  /** Everywhere that has to have it: each resolves to whether it has. */
  places(version: number): Promise<(() => Promise<boolean>)[]>;
};

/** A policy for all workloads of the namespace: other listeners for each of them, told by Envoy's own version. */
function policyKind(rules: string, sidecars: readonly Sidecar[]): ChangeKind {
  const file = join(rules, "bench.yaml");
  const versionOf = async ({ port }: Sidecar): Promise<string | undefined> =>
    (await readStats(port, `^${lds.replaceAll(".", "\\.")}$`)).texts[lds];
  return {
    name: `a policy, on ${String(sidecars.length)} sidecars`,
    save(version) {
      writeFileSync(
        file,
        `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: bench, namespace: symphony}
spec:
  action: DENY
  rules:
    - to: [{operation: {paths: ["/bench-${String(version)}"]}}]
`,
      );
    },
    async places() {
      const before = await Promise.all(sidecars.map(versionOf));
      return sidecars.map((sidecar, index) => async () => {
        const version = await versionOf(sidecar);
        return version !== undefined && version !== before[index];
      });
    },
  };
}

/** A route to inventory: told by what its callers are answered. */
function routeKind(rules: string, callers: readonly { url: string }[]): ChangeKind {
  const file = join(rules, "inventory.yaml");
  const original = readFileSync(file, "utf8");
  const header = "x-bench-version";
  const client = createHttpClient();
  return {
    name: `a route, by the answers to its ${String(callers.length)} callers`,
    save(version) {
      const set = `    - name: read\n      headers: {response: {set: {${header}: "${String(version)}"}}}\n`;
      writeFileSync(file, original.replace("    - name: read\n", set));
    },
    places: (version) =>
      Promise.resolve(
        callers.map(({ url }) => async () => {
          const { headers } = await client.request({ method: "GET", url });
          return headers[header] === String(version);
        }),
      ),
  };
}

/** From the save to the last place that has it, in ms. */
async function timeChange(kind: ChangeKind, version: number): Promise<number> {
  const places = await kind.places(version);
  const from = performance.now();
  kind.save(version);
  const times = await Promise.all(
    places.map(async (has) => {
      // What does not answer has not taken it yet.
      while (!(await has().catch(() => false))) {
        if (performance.now() - from > limitMs)
          throw new Error(`${kind.name} is not in force ${String(limitMs / 1000)} s after it was saved`);
        await new Promise((resolve) => setTimeout(resolve, pollMs));
      }
      return performance.now() - from;
    }),
  );
  return Math.max(...times);
}

/**
 * How long a saved file of the rules takes until the last sidecar has it, while requests come in that must not fail.
 * `rules` is the folder that the system watches.
 */
export async function benchChanges(options: {
  stack: Stack;
  control: Control;
  rules: string;
  seed: number;
  say(line: string): void;
}): Promise<Row[]> {
  const { stack, control, rules, seed, say } = options;
  const { sidecars } = await control.meshStatus();
  const policed = sidecars
    .filter(({ name }) => name !== "ingress")
    .map(({ name, admin }) => ({ name, port: Number(new URL(admin).port) }));
  const callers = await Promise.all(
    ["gateway", "order"].map(async (caller) => {
      const { to } = await control.route({ caller, to: "inventory:8080" });
      // The order service may reserve, and read nothing: its route answers all the same, with the header.
      return { url: `http://${to}/inventory/${demoOrder.productId}` };
    }),
  );
  const kinds = [policyKind(rules, policed), routeKind(rules, callers)];
  const over = new AbortController();
  say(`${String(changesPerKind * kinds.length)} saved changes under a light load`);
  const traffic = Promise.all([
    runReads({
      url: `${stack.url}/api/inventory/${demoOrder.productId}`,
      rate: load.reads,
      durationMs: 3_600_000,
      seed,
      until: over.signal,
    }),
    runLoad({
      url: stack.url,
      usersUrl: await stack.serviceUrl("user"),
      rate: load.orders,
      durationMs: 3_600_000,
      seed,
      mix: [{ value: demoOrder, weight: 1 }],
      patterns: ["saga"],
      users: load.users,
      until: over.signal,
    }),
  ]);
  const times = kinds.map((): number[] => []);
  const random = seededRandom(seed);
  try {
    for (let version = 1; version <= changesPerKind; version += 1) {
      for (const [index, kind] of kinds.entries()) {
        // At any moment of the watcher's own rhythm.
        await new Promise((resolve) => setTimeout(resolve, 100 + random() * 500));
        times[index]?.push(await timeChange(kind, version));
      }
    }
  } finally {
    over.abort();
  }
  const [reads, orders] = await traffic;
  const failed = [reads.failed, orders.errors, orders.failures].flatMap((counts) => Object.entries(counts));
  const lost = failed.reduce((sum, [, count]) => sum + count, 0) + orders.unfinished;
  const sent = reads.ms.length + orders.sent;
  return [
    ...kinds.flatMap(({ name }, index) => {
      const sorted = (times[index] ?? []).toSorted((a, b) => a - b);
      return [
        { name: `saved: ${name}, p50`, value: inMs(percentile(sorted, 0.5)) },
        goalRow(`saved: ${name}, p99`, percentile(sorted, 0.99), { atMost: goalMs }, inMs),
      ];
    }),
    { name: "changes", value: kinds.map((_, index) => String(times[index]?.length)).join(" + ") },
    goalRow(`requests meanwhile that failed, of ${String(sent)}`, lost, { atMost: 0 }, String),
    ...failed.map(([code, count]) => ({ name: `  ${code}`, value: String(count) })),
  ];
}
