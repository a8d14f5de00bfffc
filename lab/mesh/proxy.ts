import type { CompileOptions } from "../compile/types";
import { Failure } from "../run/failure";
import type { EnvoyStats } from "../target/envoy";
import { readStats } from "./admin";
import {
  bothClusters,
  removeOldRoutes,
  writeAll,
  writeResources,
  type XdsFile,
  type XdsFiles,
} from "./xds-files";

const takenLimitMs = 10_000;
const pollMs = 10;
const filter = "(lds|cds|rds\\..*)\\.(version_text|update_rejected)$";

/** A configuration that Envoy refused, in its own words. */
export class Rejected extends Error {
  override readonly name = "Rejected";
}

export type ProxyOptions = {
  name: string;
  adminPort: number;
  path: CompileOptions["path"];
  /** Whether its process serves: one that does not will read the files when it starts. */
  isRunning(): boolean;
  /** What Envoy has logged since it was asked last. */
  newLog(): string;
};

/** The configuration of one running sidecar, changed in place. */
export class Proxy {
  readonly name: string;
  private current: XdsFiles | undefined;

  constructor(readonly options: ProxyOptions) {
    this.name = options.name;
  }

  /** What it was told last; undefined before the first time. */
  get files(): XdsFiles | undefined {
    return this.current;
  }

  /**
   * Writes what has changed and resolves once Envoy has taken it. New clusters come before the routes to them, and old
   * ones go after: no request meets a route without its cluster. Rejects with `Rejected` where Envoy refuses a part;
   * then `current` is still the last configuration, for the caller to bring back.
   */
  async update(next: XdsFiles): Promise<{ changed: boolean }> {
    const before = this.current;
    const { name, path } = this.options;
    if (before === undefined || !this.options.isRunning()) {
      await writeAll(name, next, path);
      this.current = next;
      return { changed: true };
    }
    const transition = bothClusters(before.clusters, next.clusters);
    const routes = [...next.routes].filter(
      ([route, file]) => before.routes.get(route)?.version !== file.version,
    );
    const listeners = before.listeners.version !== next.listeners.version;
    const clusters = before.clusters.version !== next.clusters.version;
    if (!clusters && !listeners && routes.length === 0) return { changed: false };
    this.options.newLog();
    if (before.clusters.version !== transition.version) await this.replaceClusters(transition);
    for (const [route, file] of routes) await writeResources(path(name, "rds", route), file);
    if (listeners) {
      await writeResources(path(name, "lds"), next.listeners);
      await this.taken([["listener_manager.lds", next.listeners]]);
    }
    await this.taken(routes.map(([route, file]) => [`.rds.${inStatistics(route)}`, file]));
    if (transition.version !== next.clusters.version) await this.replaceClusters(next.clusters);
    await removeOldRoutes(name, next, path);
    this.current = next;
    return { changed: true };
  }

  /** Brings back the last configuration after a refused one, whatever of the latter is in force. */
  async restore(): Promise<void> {
    if (this.current !== undefined) await writeAll(this.name, this.current, this.options.path);
  }

  private async replaceClusters(file: XdsFile): Promise<void> {
    await writeResources(this.options.path(this.name, "cds"), file);
    await this.taken([["cluster_manager.cds", file]]);
  }

  /** Waits until the version of each subscription, named by the end of its statistics' prefix, is that of the file. */
  private async taken(expected: [string, XdsFile][]): Promise<void> {
    const deadline = Date.now() + takenLimitMs;
    let rejectedBefore: number | undefined;
    for (;;) {
      const stats = await readStats(this.options.adminPort, filter).catch(() => undefined);
      if (stats === undefined && !this.options.isRunning()) return;
      if (stats !== undefined) {
        const missing = expected.filter(([scope, { version }]) => !hasVersion(stats, scope, version));
        if (missing.length === 0) return;
        const rejected = countRejected(stats);
        const reason = findRejection(this.options.newLog());
        if (reason !== undefined) throw new Rejected(reason);
        if (rejectedBefore !== undefined && rejected > rejectedBefore)
          throw new Rejected("Envoy refuses it without a reason");
        rejectedBefore = rejected;
      }
      if (Date.now() > deadline)
        throw new Failure(
          "mesh.not_taken",
          `the sidecar ${this.name} has not taken its configuration in ${String(takenLimitMs / 1000)} s`,
          { fix: `see ./symphony logs ${this.name}` },
        );
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }
}

/** Envoy's statistics write a colon as a line. */
const inStatistics = (name: string): string => name.replaceAll(":", "_");

function hasVersion({ texts }: EnvoyStats, scope: string, version: string): boolean {
  return Object.entries(texts).some(
    ([name, text]) => text === version && name.endsWith(`${scope}.version_text`),
  );
}

function countRejected({ values }: EnvoyStats): number {
  return Object.entries(values)
    .filter(([name]) => name.endsWith(".update_rejected"))
    .reduce((sum, [, value]) => sum + value, 0);
}

/** Envoy's reason for refusing a file, where its log tells one. */
export function findRejection(log: string): string | undefined {
  for (const line of log.split("\n")) {
    const message = messageOf(line);
    const match = /(?:config update rejected|update rejected|rejected): (.*)$/s.exec(message);
    if (match?.[1] !== undefined) return withoutMessage(match[1]);
  }
  return undefined;
}

/** Envoy puts the whole message before what is wrong in it. */
export function withoutMessage(reason: string): string {
  return reason.replace(/^goo\.gle\/debugproto.*?: Proto constraint/s, "Proto constraint").trim();
}

function messageOf(line: string): string {
  try {
    const { msg } = JSON.parse(line) as { msg?: unknown };
    return typeof msg === "string" ? msg : "";
  } catch {
    return line;
  }
}
