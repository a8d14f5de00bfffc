import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { stringify } from "yaml";

import { freePort } from "../../../lib/free-port";
import { type Json, type SourceFile, type Workload, type World } from "../../compile/types";
import { exitOf, stop } from "../../run/process";
import { objectOf, objectsOf } from "../reduce/json";
import { connectProxy } from "./discovery";
import { findIstiod } from "./find";
import { startKubernetesApi } from "./kubernetes-api";
import { hasSidecar, toClusterObjects, toIstioObjects } from "./objects";

/** istiod's answer for one proxy, as Envoy's `/config_dump` would show it. */
export type ConfigDump = { configs: Json[] };

/** How long istiod may take to read everything and be ready, in milliseconds. */
const readyTimeoutMs = 90_000;

/** The same switches as Symphony's own istiod has (k8s/istio-values.yaml), and nothing that writes to a cluster. */
const environmentOfIstiod = {
  POD_NAME: "istiod",
  POD_NAMESPACE: "istio-system",
  ENABLE_CA_SERVER: "false",
  PILOT_ENABLE_STATUS: "false",
  INJECTION_WEBHOOK_CONFIG_NAME: "",
  VALIDATION_WEBHOOK_CONFIG_NAME: "",
  PILOT_JWT_ENABLE_REMOTE_JWKS: "true",
  // A stock Envoy has neither of these filters.
  PILOT_ENABLE_ALPN_FILTER: "false",
  PILOT_ENABLE_METADATA_EXCHANGE: "false",
  // There is nothing to come that would be worth waiting for.
  PILOT_DEBOUNCE_AFTER: "1ms",
};

type Environment = Record<string, string | undefined>;

/**
 * What an istiod of its own, started for this, generates for every proxy of `world` from `files`. By workload name.
 * Nothing of it is left behind. Fails where istiod ends or is not ready in time.
 */
export async function askIstiod(
  files: SourceFile[],
  world: World,
  environment: Environment,
): Promise<Map<string, ConfigDump>> {
  const binary = findIstiod(environment);
  const folder = await mkdtemp(join(tmpdir(), "symphony-istiod-"));
  const api = await startKubernetesApi([...toClusterObjects(world), ...toIstioObjects(files)]);
  try {
    await writeFile(join(folder, "kubeconfig"), kubeconfig(api.url));
    await writeFile(
      join(folder, "mesh"),
      stringify({ rootNamespace: "istio-system", trustDomain: world.trustDomain, ...world.meshConfig }),
    );
    return await withIstiod({ binary, folder, environment }, (ports) => dumpAll(world, ports));
  } finally {
    await api.close();
    await rm(folder, { recursive: true, force: true });
  }
}

const kubeconfig = (server: string): string =>
  stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "own", cluster: { server } }],
    users: [{ name: "own", user: {} }],
    contexts: [{ name: "own", context: { cluster: "own", user: "own" } }],
    "current-context": "own",
  });

type Ports = { grpc: string; http: string };
type Setup = { binary: string; folder: string; environment: Environment };

async function withIstiod<T>(
  { binary, folder, environment }: Setup,
  work: (ports: Ports) => Promise<T>,
): Promise<T> {
  const address = async (): Promise<string> => `127.0.0.1:${String(await freePort())}`;
  const ports: Ports = { grpc: await address(), http: await address() };
  const args = [
    "discovery",
    "--kubeconfig",
    join(folder, "kubeconfig"),
    "--meshConfig",
    join(folder, "mesh"),
  ];
  args.push("--grpcAddr", ports.grpc, "--httpAddr", ports.http, "--monitoringAddr", await address());
  args.push("--httpsAddr", "", "--secureGRPCAddr", "", "--ctrlz_port", "0", "--shutdownDuration", "1ms");
  const env = { PATH: environment.PATH, HOME: folder, ...environmentOfIstiod };
  const child = spawn(binary, args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (log = (log + chunk.toString()).slice(-4_000)));
  try {
    const ended = exitOf(child).then(() => {
      throw new Error(`istiod ended: ${log}`);
    });
    // It also ends when it is stopped below, and then nobody waits for it any more.
    ended.catch(() => undefined);
    await Promise.race([ready(ports.http, () => log), ended]);
    return await work(ports);
  } finally {
    await stop(child, "SIGTERM", 2_000);
  }
}

async function ready(address: string, log: () => string): Promise<void> {
  const deadline = Date.now() + readyTimeoutMs;
  for (;;) {
    const response = await fetch(`http://${address}/ready`).catch(() => undefined);
    await response?.arrayBuffer();
    if (response?.ok === true) return;
    if (Date.now() > deadline) throw new Error(`istiod was not ready in time: ${log()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function dumpAll(world: World, ports: Ports): Promise<Map<string, ConfigDump>> {
  const proxies = world.workloads.filter((workload) => hasSidecar(workload, world));
  const dumps = await Promise.all(
    proxies.map(async (workload): Promise<[string, ConfigDump]> => [
      workload.name,
      await dump(workload, world, ports),
    ]),
  );
  return new Map(dumps);
}

async function dump(workload: Workload, world: World, { grpc, http }: Ports): Promise<ConfigDump> {
  const peers = new Set(workload.outbound.map(({ port }) => String(port)));
  const doors = (workload.gatewayPorts ?? []).map(({ port }) => `http.${String(port)}`);
  const connection = await connectProxy(grpc, { workload, world, routes: [...peers, ...doors] });
  const read = async (query: string): Promise<ConfigDump> => {
    const response = await fetch(`http://${http}/debug/config_dump?proxyID=${connection.id}${query}`);
    if (!response.ok) throw new Error(`istiod has nothing for ${workload.name}: ${await response.text()}`);
    return (await response.json()) as ConfigDump;
  };
  try {
    await connection.watchEndpoints(clustersByEndpoint(await read("")));
    return await read("&include_eds");
  } finally {
    connection.close();
  }
}

function clustersByEndpoint({ configs }: ConfigDump): string[] {
  return configs.flatMap((config) =>
    objectsOf(objectOf(config).dynamicActiveClusters).flatMap((item) => {
      const cluster = objectOf(item.cluster);
      return cluster.type === "EDS" ? [String(cluster.name)] : [];
    }),
  );
}
