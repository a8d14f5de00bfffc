import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { freePort } from "../../lib/free-port";
import { startBalancer } from "./balancer";

const servers: Server[] = [];

const at = (port: number) => ({ host: "127.0.0.1", port });

async function serve(name: string): Promise<number> {
  const server = createServer((_request, response) => response.end(name));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

// A connection per request, as the balancer goes round by connection.
const ask = async (port: number) =>
  (await fetch(`http://127.0.0.1:${String(port)}/`, { headers: { connection: "close" } })).text();

test("connections go round, and past a replica that is down", async () => {
  const ports = [await serve("a"), await freePort(), await serve("b")];
  const balancer = await startBalancer(0, ports.map(at));
  try {
    const answers = [];
    for (let round = 0; round < 6; round += 1) answers.push(await ask(balancer.port));
    expect(answers).toContain("a");
    expect(answers).toContain("b");
  } finally {
    await balancer.stop();
  }
});

test("with every replica down the connection is closed", async () => {
  const balancer = await startBalancer(0, [at(await freePort())]);
  try {
    await expect(ask(balancer.port)).rejects.toThrow();
  } finally {
    await balancer.stop();
  }
});

test("a busy port is said with its fix", async () => {
  const busy = await serve("a");
  await expect(startBalancer(busy, [at(1)])).rejects.toMatchObject({ code: "port.busy", exitCode: 3 });
});
