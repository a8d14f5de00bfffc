import { createServer, type Server } from "node:http";
import { type AddressInfo } from "node:net";

import { runReads } from "./reads";

let server: Server;
let url: string;
let seen = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    seen += 1;
    if (request.url === "/cut") request.socket.destroy();
    else response.writeHead(request.url === "/busy" ? 503 : 200).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});
beforeEach(() => {
  seen = 0;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

test.each([
  { path: "/", failed: () => ({}) },
  { path: "/busy", failed: (count: number) => ({ 503: count }) },
  { path: "/cut", failed: (count: number) => ({ ECONNRESET: count }) },
])("every read of $path is sent once, measured, and counted as what it was", async ({ path, failed }) => {
  const result = await runReads({ url: url + path, rate: 200, durationMs: 200, seed: 1 });
  expect(seen).toBeGreaterThan(20);
  expect(result.ms).toHaveLength(seen);
  expect(result.failed).toEqual(failed(seen));
});

test("ends early when it is told to", async () => {
  const { ms } = await runReads({
    url,
    rate: 100,
    durationMs: 3_600_000,
    seed: 1,
    until: AbortSignal.timeout(100),
  });
  expect(ms.length).toBeLessThan(100);
});
