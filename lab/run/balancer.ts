import { connect, createServer, type Socket } from "node:net";

import { type LocalAddress } from "../../lib/local-http";
import { environmentFailure } from "./failure";

export type Balancer = { port: number; stop(): Promise<void> };

/**
 * One loopback port for several addresses: each connection goes to the next of `targets` that accepts it. For HTTP
 * between services that have replicas; gRPC clients balance themselves.
 */
export async function startBalancer(port: number, targets: readonly LocalAddress[]): Promise<Balancer> {
  const open = new Set<Socket>();
  let next = 0;
  const track = (socket: Socket): Socket => {
    open.add(socket);
    return socket.once("close", () => open.delete(socket));
  };
  const server = createServer({ pauseOnConnect: true }, (client) => {
    track(client).on("error", () => client.destroy());
    const attempt = (left: number): void => {
      if (left === 0) {
        client.destroy();
        return;
      }
      const target = targets[next++ % targets.length];
      if (target === undefined) return;
      const upstream = track("pipe" in target ? connect(target.pipe) : connect(target.port, target.host));
      const refused = (): void => {
        attempt(left - 1);
      };
      upstream.once("error", refused);
      upstream.once("connect", () => {
        upstream.off("error", refused);
        join(client, upstream);
      });
    };
    attempt(targets.length);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => {
      reject(
        environmentFailure(
          "port.busy",
          `port ${String(port)} is in use`,
          "choose another with --port",
          error,
        ),
      );
    });
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  return {
    port: address !== null && typeof address === "object" ? address.port : port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        for (const socket of open) socket.destroy();
      }),
  };
}

function join(client: Socket, upstream: Socket): void {
  upstream.on("error", () => client.destroy());
  client.on("close", () => upstream.destroy());
  upstream.on("close", () => client.destroy());
  client.setNoDelay(true);
  upstream.setNoDelay(true);
  client.pipe(upstream);
  upstream.pipe(client);
}
