import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { MeshConfig, Workload } from "../compile/types";
import { fromDiskError } from "../run/failure";
import type { SupervisedSpec } from "../run/supervised";
import { probeSidecar } from "./admin";
import { bootstrap } from "./bootstrap";
import type { MeshLayout } from "./layout";

/** The name of the process of a workload's sidecar. */
export function sidecarName(workload: Pick<Workload, "name" | "kind">): string {
  return workload.kind === "gateway" ? workload.name : `${workload.name}-sidecar`;
}

/**
 * Connections of an old rule may carry one more request, whose answer closes them; those that stay idle are cut after
 * this long, as Istio has it. Longer than any request that mesh/base lets be.
 */
const drainSeconds = 45;

type SidecarOptions = { binary: string; adminPort: number; layout: MeshLayout; meshConfig: MeshConfig };

/** How one Envoy is run and watched. Its files must be written before it starts. */
export function sidecarSpec(
  workload: Workload,
  { binary, adminPort, layout, meshConfig }: SidecarOptions,
): SupervisedSpec {
  const folder = layout.proxy(workload.name);
  const file = join(folder, "bootstrap.json");
  return {
    name: sidecarName(workload),
    command: () => {
      try {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        const lds = layout.path(workload.name, "lds");
        const cds = layout.path(workload.name, "cds");
        const content = bootstrap(workload, { adminPort, lds, cds, meshConfig });
        writeFileSync(file, JSON.stringify(content), { mode: 0o600 });
      } catch (error) {
        throw fromDiskError(error, file);
      }
      return {
        file: binary,
        args: [
          ...["--config-path", file, "--concurrency", "1", "--disable-hot-restart"],
          ...["--drain-time-s", String(drainSeconds), "--drain-strategy", "immediate"],
          ...["--log-level", "warning", "--component-log-level", "misc:error", "--skip-deprecated-logs"],
          ...["--file-flush-interval-msec", "1000"],
        ],
        env: { PATH: process.env.PATH, TZ: "UTC" },
        cwd: folder,
      };
    },
    probe: () => probeSidecar(adminPort),
    readyTimeoutMs: 30_000,
    stopSignal: "SIGTERM",
    graceMs: 5_000,
  };
}
