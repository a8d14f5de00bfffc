import { createServer, type Server } from "node:http";
import { type AddressInfo } from "node:net";

import { createShopClient, type ShopClient } from "./client";

const pending = {
  id: "o-1",
  status: "pending",
  createdAt: "2026-11-28T00:00:00.000Z",
};

let server: Server;
let client: ShopClient;

beforeEach(async () => {
  server = createServer((request, response) => {
    if (request.url?.endsWith("/events") !== true) {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(pending));
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    const beat = setInterval(() => response.write(": heartbeat\n\n"), 10);
    response.once("close", () => {
      clearInterval(beat);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  client = createShopClient({ url: `http://127.0.0.1:${String(port)}` });
});

afterEach(async () => {
  client.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test("an order that never ends is followed no longer than asked, however alive its stream is", async () => {
  await expect(client.follow({ token: "t", orderId: "o-1", timeoutMs: 100 })).rejects.toMatchObject({
    code: "order.unfinished",
  });
});
