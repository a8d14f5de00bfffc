import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { freePort } from "../../lib/free-port";
import { createReloader, type Reloader } from "./reloader";

let folder: string;
let port: number;
let reloader: Reloader;
const said: string[] = [];

/** A service that answers with `version` and ends what it has begun, or one that ends at once. */
function write(version: string | undefined): void {
  const program = `
    const server = require("node:http").createServer((_, response) => response.end("${version ?? ""}"));
    server.listen(Number(process.env.PORT), "127.0.0.1");
    process.once("SIGTERM", () => server.close());`;
  writeFileSync(join(folder, "main.js"), version === undefined ? "process.exit(1);" : program);
}
const answer = async (): Promise<string> =>
  (await fetch(`http://127.0.0.1:${String(port)}/`, { headers: { connection: "close" } })).text();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "symphony-reload-"));
  port = await freePort();
  reloader = createReloader({
    args: [join(folder, "main.js")],
    environment: {},
    ports: { PORT: port },
    say: (text) => said.push(text),
  });
});
afterAll(async () => {
  await reloader.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("a new version takes over without a failed call, and one that fails changes nothing", async () => {
  write("one");
  await reloader.reload();
  expect(await answer()).toBe("one");

  write("two");
  let ended = false;
  const answers = new Set<string>();
  const reloaded = reloader.reload().finally(() => (ended = true));
  while (!ended) answers.add(await answer());
  await reloaded;
  expect(await answer()).toBe("two");
  expect([...answers].filter((text) => text !== "two")).toEqual(["one"]);

  write(undefined);
  await reloader.reload();
  expect(await answer()).toBe("two");
  expect(said.at(-1)).toBe("the new version does not start; the old one stays");
});
