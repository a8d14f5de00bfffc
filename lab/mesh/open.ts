import { rmSync } from "node:fs";
import { join } from "node:path";

import { freePort } from "../../lib/free-port";
import type { Network } from "../run/network";
import type { Processes } from "../run/processes";
import type { Environment } from "../run/service-process";
import { ensureEnvoy } from "../run/tools";
import {
  type ExtraPeers,
  type Instance,
  planInstance,
  planInstances,
  type Replicas,
  type TakeAddress,
} from "../run/topology";
import { openLocalCa } from "./ca";
import { certificateTtl, createCertificates } from "./certificates";
import { makeSocketFolder, meshLayout, socketFolder } from "./layout";
import { LiveMesh } from "./live-mesh";
import { Mesh } from "./mesh";
import { createPortPool } from "./ports";
import { Rules } from "./rules";
import { readMeshConfig, readSources, shownPath } from "./sources";
import { hostOf, ingressName, type Member, memberOf, ports } from "./world";

export type MeshNetworkOptions = {
  /** Of the ingress; 0 for a free one. */
  port: number;
  /** Where spans go; undefined where none are recorded. */
  telemetryPort: number | undefined;
  replicas: Replicas;
  extraPeers: ExtraPeers;
  state: string;
  project: string;
  /** With the rules that hold from the start. @default mesh/base */
  base: string | undefined;
  environment: Environment;
  say(line: string): void;
};

/**
 * The network where every process has a sidecar of its own, with the rules of mesh/base in force. Services listen on
 * sockets that only their owner's processes reach.
 */
export async function openMeshNetwork(
  options: MeshNetworkOptions,
): Promise<{ network: Network; mesh: LiveMesh }> {
  const { state, project, environment, say } = options;
  const ttlMs = certificateTtl(environment);
  const sockets = socketFolder(state);
  makeSocketFolder(sockets);
  const layout = meshLayout(state);
  const folder = options.base ?? join(project, "mesh/base");
  const meshConfig = readMeshConfig(project);
  const base = readSources(shownPath(folder));
  // What an earlier run left was for other ports.
  rmSync(layout.proxy("."), { recursive: true, force: true });
  const [binary, ca] = await Promise.all([
    ensureEnvoy({ environment, project, say }),
    openLocalCa(layout.folder),
  ]);
  const certificates = createCertificates({ ca, path: layout.path, ttlMs, say });
  const pool = createPortPool();
  const ingressPort = options.port === 0 ? await freePort() : options.port;
  const mesh = new Mesh({
    ...{ binary, layout, pool, certificates, root: ca.root, meshConfig, ingressPort },
    collectorPort: options.telemetryPort,
  });
  const take: TakeAddress = (name, protocol) =>
    Promise.resolve({ pipe: join(sockets, `${name}.${protocol}`) });
  const instances = await planInstances(options.replicas, take, options.extraPeers);
  const members = new Map(instances.map((instance) => [instance.name, memberOf(instance)]));
  // Nobody serves yet, and nobody is called before it does: three refused connections would open a breaker.
  const unready = (): Set<string> => new Set(members.keys());
  await mesh.change({ rules: () => new Rules(base), members: () => members, unready });
  const network = createNetwork(mesh, { instances, members, ingressPort });
  const live = new LiveMesh(mesh, {
    state,
    base: folder,
    say,
    controlSocket: join(sockets, "control"),
    planReplica: (service, replica) => planInstance(service, replica, take, options.extraPeers),
  });
  return { network, mesh: live };
}

function createNetwork(
  mesh: Mesh,
  what: { instances: Instance[]; members: Map<string, Member>; ingressPort: number },
): Network {
  return {
    url: `http://localhost:${String(what.ingressPort)}`,
    instances: what.instances,
    findPeer(caller, callee, protocol) {
      const host = hostOf(callee);
      const port = ports[protocol];
      const outbound = mesh
        .workload(caller.name)
        ?.outbound.find((entry) => entry.host === host && entry.port === port);
      if (outbound === undefined || "pipe" in outbound.listen)
        throw new Error(`${caller.name} has no way to ${host}:${String(port)}`);
      const address = `127.0.0.1:${String(outbound.listen.port)}`;
      return protocol === "grpc" ? address : `http://${address}`;
    },
    surroundings(instance): Record<string, string> {
      if (instance.service !== "gateway") return {};
      const stats = `http://127.0.0.1:${String(mesh.adminPort(instance.name))}/stats`;
      // The ingress appends the client's address to X-Forwarded-For, as on a cluster.
      return { SIDECAR_STATS_URL: stats, TRUSTED_PROXY_HOPS: "1" };
    },
    async start(processes: Processes) {
      await Promise.all(
        [ingressName, ...what.members.keys()].map((name) => mesh.startSidecar(name, processes)),
      );
    },
    stop() {
      mesh.options.certificates.stop();
      mesh.options.pool.release();
      return Promise.resolve();
    },
  };
}
