/** Counters, gauges and texts of Envoy's admin page `/stats`; histograms, which are no single number, are left out. */
export type EnvoyStats = { values: Record<string, number>; texts: Record<string, string> };

/** Reads the plain text of `/stats`: `name: 12`, `name: "text"`, `name: P0(nan,0) ...`. */
export function parseStats(text: string): EnvoyStats {
  const stats: EnvoyStats = { values: {}, texts: {} };
  for (const line of text.split("\n")) {
    // Names may hold colons, values do not, but texts do.
    const match = /^(.*?): (?:(-?\d+)|"(.*)")$/.exec(line);
    if (match === null) continue;
    const [, name = "", value, quoted] = match;
    if (value !== undefined) stats.values[name] = Number(value);
    else if (quoted !== undefined) stats.texts[name] = quoted;
  }
  return stats;
}

/** What a sidecar has of istiod: the number of the push that last changed its listeners, and its clusters. */
export type ConfigVersion = {
  listeners: number;
  clusters: number;
  /** Filter chains that were replaced and still serve the connections they had. */
  draining: number;
};

/** istiod counts its pushes: a version is `2026-01-31T10:00:00Z/49`. Zero where there is none yet. */
export function configVersion({ values, texts }: EnvoyStats): ConfigVersion {
  const push = (name: string): number => Number(/\/(\d+)$/.exec(texts[name] ?? "")?.[1] ?? 0);
  return {
    listeners: push("listener_manager.lds.version_text"),
    clusters: push("cluster_manager.cds.version_text"),
    draining: values["listener_manager.total_filter_chains_draining"] ?? 0,
  };
}
