import { createServer } from "node:net";

/**
 * A loopback port that is free now. Not from the range of outgoing connections (32768 and up on Linux): one of
 * those could hold it in the moment in which a service restarts. Somebody may still take it before it is used.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await isPortFree(port)) return port;
  }
}

/** Whether nobody listens on `port` of loopback. */
export async function isPortFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => {
      resolve(false);
    });
    server.listen(port, "127.0.0.1", () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
