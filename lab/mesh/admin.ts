import { requestLocal } from "../../lib/local-http";
import { type EnvoyStats, parseStats } from "../target/envoy";

/** Reads Envoy's admin page `path` at a loopback port. Rejects where it does not answer. */
export async function askAdmin(port: number, path: string, timeoutMs = 5000): Promise<string> {
  const { status, body } = await requestLocal({ host: "127.0.0.1", port }, path, { timeoutMs });
  if (status !== 200)
    throw new Error(`the sidecar answers ${String(status)} to ${path}: ${body.slice(0, 200)}`);
  return body;
}

/** A sidecar's statistics; `filter` is an expression of Envoy's for their names. */
export async function readStats(port: number, filter?: string): Promise<EnvoyStats> {
  const query = filter === undefined ? "" : `?filter=${encodeURIComponent(filter)}`;
  return parseStats(await askAdmin(port, `/stats${query}`));
}

/** Fails until Envoy has its configuration and takes requests. */
export async function probeSidecar(port: number): Promise<void> {
  await askAdmin(port, "/ready", 2000);
}
