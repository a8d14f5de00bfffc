import { request } from "node:http";

/** Where a server of this machine listens. */
export type LocalAddress = { host: string; port: number } | { pipe: string };

export type LocalAnswer = { status: number; body: string };

/**
 * One HTTP request to a server of this machine, over a Unix domain socket too, which `fetch` cannot. Rejects with
 * what keeps it from an answer within `timeoutMs` (2,000 where left out).
 */
export function requestLocal(
  address: LocalAddress,
  path: string,
  options: { method?: string; body?: unknown; timeoutMs?: number } = {},
): Promise<LocalAnswer> {
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        ...("pipe" in address ? { socketPath: address.pipe } : address),
        path,
        method: options.method ?? "GET",
        agent: false,
        signal: AbortSignal.timeout(options.timeoutMs ?? 2000),
        ...(body !== undefined && {
          headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
        }),
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.once("error", reject);
        response.once("end", () => {
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") });
        });
      },
    );
    sent.once("error", reject).end(body);
  });
}
