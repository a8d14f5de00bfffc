import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";

import { z } from "zod";

import { checkFacts } from "../../lab/invariants/check";
import { readFacts, type Sources } from "../../lab/invariants/read";
import { waitForRest } from "../../lab/invariants/rest";
import { createShopClient, type ShopClient } from "../../lab/load/client";
import { type LoadResult, runLoad } from "../../lab/load/load";
import { createForwards, type Forwards } from "../../lab/target/forward";
import { openKubeTarget } from "../../lab/target/kube";
import {
  isTestContext,
  type Kubectl,
  namespaces,
  openKubectl,
  refusedContext,
} from "../../lab/target/kubectl";
import { type MeshTarget } from "../../lab/target/target";
import { type ServiceName, serviceNames } from "../../lib/events";
import { type Shop, usualOrder } from "../saga/scenarios";
import { breakersClosed, root } from "./mesh";
import { waitFor } from "./wait-for";

export const release = "symphony";

export type Cluster = Shop & {
  kubectl: Kubectl;
  target: MeshTarget;
  url: string;
  /** Databases and broker, through forwarded ports behind their sidecars. */
  sources(): Promise<Sources>;
  /**
   * Orders at `rate` per second, or at SYMPHONY_LOAD_RATE where a machine bears more, while `work` runs and not shorter
   * than `durationMs`; resolves when all have ended.
   */
  underLoad(load: { rate: number; durationMs: number }, work: () => Promise<void>): Promise<ClusterLoad>;
  /** Waits until nothing is on its way, then fails where an invariant is violated. Returns what the pattern events left. */
  expectInvariants(): Promise<{ leftovers: number }>;
  close(): Promise<void>;
};

/** Orders per second: what the user asks for, or `usual`. */
function readRate(usual: number): number {
  const asked = process.env.SYMPHONY_LOAD_RATE ?? "";
  if (asked === "") return usual;
  const rate = Number(asked);
  if (rate >= 1 && rate <= 200) return rate;
  throw new Error(`SYMPHONY_LOAD_RATE is ${asked}; give orders per second from 1 to 200`);
}

/** What a load met, and where it met errors what the ingress wrote of them: status, flags and details, and how often. */
export type ClusterLoad = LoadResult & { refused: Record<string, number> };

const accessLine = z.object({
  response_code: z.number(),
  response_flags: z.string(),
  response_code_details: z.string().nullable(),
});

async function readRefusals(kubectl: Kubectl, since: Date): Promise<Record<string, number>> {
  const from = ["-n", namespaces.istio, "deployment/istio-ingressgateway"];
  const lines = await kubectl.run(["logs", ...from, `--since-time=${since.toISOString()}`]);
  const counts: Record<string, number> = {};
  for (const line of lines.split("\n").filter((text) => text.startsWith("{"))) {
    const parsed = accessLine.safeParse(JSON.parse(line));
    if (!parsed.success || parsed.data.response_code < 400) continue;
    const { response_code: status, response_flags: flags, response_code_details: details } = parsed.data;
    const reason = `${status} ${flags} ${details ?? ""}`;
    counts[reason] = (counts[reason] ?? 0) + 1;
  }
  return counts;
}

const secret = z.object({ data: z.record(z.string(), z.string()) });

async function readSecret(kubectl: Kubectl, name: string): Promise<Record<string, string>> {
  const { data } = secret.parse(
    await kubectl.json(["get", "secret", "-n", namespaces.platform, name, "-o", "json"]),
  );
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")]),
  );
}

/** What the checks read, with each service's own role. */
async function readSources(kubectl: Kubectl, forwards: Forwards): Promise<Sources> {
  const namespace = namespaces.platform;
  const postgres = await forwards.open({ namespace, resource: "pod/postgres-0", port: 5432 });
  const nats = await forwards.open({ namespace, resource: "pod/nats-0", port: 4222 });
  const roles = await readSecret(kubectl, "postgres-roles");
  const users = await readSecret(kubectl, "nats-users");
  const databaseOf = (service: ServiceName) =>
    `postgres://${service}:${roles[service] ?? ""}@127.0.0.1:${postgres}/${service}`;
  return {
    databases: Object.fromEntries(
      serviceNames.map((service) => [service, databaseOf(service)]),
    ) as Sources["databases"],
    natsUrl: `nats://admin:${users.admin ?? ""}@127.0.0.1:${nats}`,
  };
}

/** The Symphony of the current context, for tests that change and break it. */
export async function openCluster(): Promise<Cluster> {
  const kubectl = await openKubectl();
  if (!isTestContext(kubectl.context)) throw refusedContext(kubectl.context);
  const target = await openKubeTarget({ kubectl });
  const forwards = createForwards(kubectl);
  const url = await target.ingressUrl();
  const client: ShopClient = createShopClient({ url });
  const batch = randomBytes(4).toString("hex");
  let customers = 0;
  const sources = () => readSources(kubectl, forwards);
  // Past the gateway's limit on logins, which does not allow a test run's customers.
  const usersUrl = () =>
    waitFor(
      async () => {
        const resource = "service/user";
        const port = await forwards.open({ namespace: namespaces.services, resource, port: 8080 });
        const own = `http://127.0.0.1:${port}`;
        // A forward leads to one pod, and ends only once that pod is gone and somebody has tried.
        return fetch(`${own}/livez`).then(
          ({ ok }) => (ok ? own : undefined),
          () => undefined,
        );
      },
      { timeoutMs: 30_000, what: "a pod of user that takes customers" },
    );
  return {
    kubectl,
    target,
    url,
    client,
    sources,
    async customer() {
      const users = createShopClient({ url, usersUrl: await usersUrl() });
      try {
        const email = `customer-${batch}-${++customers}@symphony.example`;
        return await users.enter({ email, password: "a-password" });
      } finally {
        users.close();
      }
    },
    async settled(token, placed) {
      if (placed.order === undefined) throw new Error(`the order was refused: ${placed.problem.code}`);
      return client.follow({ token, orderId: placed.order.id, timeoutMs: 90_000 });
    },
    async underLoad({ rate: usualRate, durationMs }, work) {
      const rate = readRate(usualRate);
      const ended = new AbortController();
      let working: Promise<void> | undefined;
      const startedAt = Date.now();
      const result = await runLoad({
        url,
        usersUrl: await usersUrl(),
        rate,
        durationMs: 20 * 60_000,
        seed: 20261123,
        // 30 orders a minute each: what breaks off is asked for again, and counts towards the gateway's limit.
        users: Math.max(2 * rate, 4),
        mix: [{ value: { ...usualOrder, quantity: 1 }, weight: 1 }],
        patterns: ["saga"],
        drainMs: 120_000,
        until: ended.signal,
        onReady() {
          working = work()
            .then(() =>
              waitFor(() => Date.now() - startedAt > durationMs, { timeoutMs: durationMs + 60_000 }),
            )
            .then(() => undefined)
            .finally(() => {
              ended.abort();
            });
          // Awaited once the load has ended; until then it is not unhandled.
          working.catch(() => undefined);
        },
      });
      await working;
      const hasErrors = Object.keys(result.errors).length > 0;
      return { ...result, refused: hasErrors ? await readRefusals(kubectl, new Date(startedAt)) : {} };
    },
    async expectInvariants() {
      expect(await waitForRest(sources)).toEqual([]);
      const report = checkFacts(await readFacts(await sources()));
      expect(report.violations).toEqual([]);
      return { leftovers: report.leftovers.length };
    },
    async close() {
      client.close();
      forwards.close();
      await target.close();
    },
  };
}

/** Fails where a request of the load was refused, or an order did not end as it should. */
export function expectNoneFailed(result: ClusterLoad): void {
  const { errors, refused, failures, failed, unfinished, notSent } = result;
  expect({ errors, refused, failures, failed, unfinished, notSent }).toEqual({
    errors: {},
    refused: {},
    failures: {},
    failed: 0,
    unfinished: 0,
    notSent: 0,
  });
  expect(result.sent).toBeGreaterThan(0);
  expect(result.confirmed).toBe(result.sent);
}

export type Output = { code: number | null; stdout: string; stderr: string };

/** Runs a program in the repository's root and gives what it said, whatever its exit code. */
export async function run(program: string, args: readonly string[], input?: string): Promise<Output> {
  const child = spawn(program, args, { cwd: root, stdio: "pipe" });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
  });
  return { code, stdout, stderr };
}

/** Runs skaffold in the repository's root; throws the end of what it said where it fails. */
export async function skaffold(...args: string[]): Promise<void> {
  const { code, stdout, stderr } = await run("skaffold", args);
  if (code !== 0) throw new Error(`skaffold ${args.join(" ")} failed: ${(stdout + stderr).slice(-3000)}`);
}

/** Waits until every Deployment of the services has all its replicas, of the newest version only. */
export async function allReady(kubectl: Kubectl, seconds = 180): Promise<void> {
  for (const service of serviceNames) {
    await kubectl.run([
      "rollout",
      "status",
      "-n",
      namespaces.services,
      `deployment/${service}`,
      `--timeout=${seconds}s`,
    ]);
  }
}

/** The cluster once every service is ready and no breaker is open, as suites that load and break it begin. */
export async function openReadyCluster(): Promise<Cluster> {
  const cluster = await openCluster();
  try {
    await allReady(cluster.kubectl);
    await breakersClosed(cluster.target);
    return cluster;
  } catch (error) {
    await cluster.close();
    throw error;
  }
}
