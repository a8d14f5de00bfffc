import { mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { Agent, createServer, request, type Server } from "node:http";
import { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { calleeConfig, callerConfig, workload } from "../../test/support/mesh-pair";
import { waitFor } from "../../test/support/wait-for";
import { LogFile } from "../run/log-files";
import { Supervised } from "../run/supervised";
import { ensureEnvoy } from "../run/tools";
import { type LocalCa, openLocalCa } from "./ca";
import { type Certificates, createCertificates } from "./certificates";
import { meshLayout } from "./layout";
import { createPortPool } from "./ports";
import { Proxy, Rejected } from "./proxy";
import { sidecarSpec } from "./sidecar";
import { toFiles } from "./xds-files";

const state = mkdtempSync(join(tmpdir(), "symphony-mesh-"));
const layout = meshLayout(state);
const pool = createPortPool();
const agent = new Agent({ keepAlive: true, maxSockets: 8 });
const ports = { callerOut: 0, calleeIn: 0, application: 0 };
const processes: Supervised[] = [];
const proxies: Record<string, Proxy> = {};
let application: Server;
let ca: LocalCa;
let certificates: Certificates;

beforeAll(async () => {
  application = createServer((_request, response) => response.end("hello"));
  await new Promise<void>((resolve) => application.listen(0, "127.0.0.1", resolve));
  ports.application = (application.address() as AddressInfo).port;
  ports.callerOut = await pool.take("out");
  ports.calleeIn = await pool.take("in");
  ca = await openLocalCa(layout.folder);
  // Renewed every 4 s: a process that stands still for less lets none end.
  certificates = createCertificates({ ca, path: layout.path, ttlMs: 8000, say: () => undefined });
  const binary = await ensureEnvoy({ environment: process.env });
  for (const [name, config] of [
    ["caller", callerConfig(layout, ports, "1")],
    ["callee", calleeConfig(layout, ports)],
  ] as const) {
    const member = workload(name, ports);
    const adminPort = await pool.take(`${name} admin`);
    await certificates.provide(member);
    const log = new LogFile(state, name);
    const hooks = { say: () => undefined, changed: () => undefined };
    const sidecar = new Supervised(
      sidecarSpec(member, { binary, adminPort, layout, meshConfig: {} }),
      log,
      hooks,
    );
    let offset = 0;
    proxies[name] = new Proxy({
      name,
      adminPort,
      path: layout.path,
      isRunning: () => sidecar.status === "ready",
      newLog() {
        const text = log.since(offset);
        offset = log.size();
        return text;
      },
    });
    await proxies[name].update(toFiles(config, ca.root));
    await sidecar.start();
    processes.push(sidecar);
  }
});

afterAll(async () => {
  agent.destroy();
  certificates.stop();
  for (const sidecar of processes) {
    await sidecar.stop();
    sidecar.log.close();
  }
  pool.release();
  application.close();
  rmSync(state, { recursive: true, force: true });
});

type Answer = { status: number; version: string; error?: string };

function call(port: number = ports.callerOut): Promise<Answer> {
  return new Promise((resolve) => {
    const sent = request({ host: "127.0.0.1", port, agent }, (response) => {
      response.resume();
      response.once("end", () =>
        resolve({ status: response.statusCode ?? 0, version: String(response.headers["x-version"]) }),
      );
    });
    sent.once("error", (error) => resolve({ status: 0, version: "", error: error.message })).end();
  });
}

/** Calls without a pause, eight at a time, until `work` is done; what was no success. */
async function failuresDuring(work: () => Promise<unknown>): Promise<{ count: number; failures: Answer[] }> {
  let going = true;
  let count = 0;
  const failures: Answer[] = [];
  const callers = Array.from({ length: 8 }, async () => {
    while (going) {
      const answer = await call();
      count += 1;
      if (answer.status !== 200) failures.push(answer);
    }
  });
  try {
    await work();
  } finally {
    going = false;
    await Promise.all(callers);
  }
  return { count, failures };
}

/** Envoy's workers take a route one after the other, after its main thread has told that it has it. */
const isVersion = (version: string) =>
  waitFor(
    async () => {
      const answer = await call();
      return answer.status === 200 && answer.version === version;
    },
    { what: `an answer of version ${version}` },
  );

test("a call goes from sidecar to sidecar, and plaintext past the caller's is refused", async () => {
  expect(await call()).toEqual({ status: 200, version: "1" });
  expect(await call(ports.calleeIn)).toMatchObject({ status: 0 });
});

test("certificates are renewed under load, without a failed call", async () => {
  const first = certificates.ends.get("callee");
  const { count, failures } = await failuresDuring(() =>
    waitFor(() => Number(certificates.ends.get("callee")) > Number(first) + 5000, { timeoutMs: 30_000 }),
  );
  expect(failures).toEqual([]);
  expect(count).toBeGreaterThan(100);
});

test("a changed route is in force at once, without a failed call", async () => {
  const { failures } = await failuresDuring(async () => {
    for (let round = 2; round < 12; round += 1) {
      await proxies.caller!.update(toFiles(callerConfig(layout, ports, String(round)), ca.root));
      await isVersion(String(round));
    }
  });
  expect(failures).toEqual([]);
});

test("what Envoy refuses is told in its words, and brought back", async () => {
  const broken = callerConfig(layout, ports, "13");
  (broken.listeners[0] as { name: string; address: unknown }).address = {
    socket_address: { address: "nowhere" },
  };
  await expect(proxies.caller!.update(toFiles(broken, ca.root))).rejects.toThrow(Rejected);
  await proxies.caller!.restore();
  await proxies.caller!.update(toFiles(callerConfig(layout, ports, "14"), ca.root));
  await isVersion("14");
});

test("a callee with another identity is refused", async () => {
  await proxies.caller!.update(toFiles(callerConfig(layout, ports, "15", "somebody-else"), ca.root));
  await waitFor(async () => (await call()).status === 503);
  await proxies.caller!.update(toFiles(callerConfig(layout, ports, "16"), ca.root));
  await isVersion("16");
});

test("a sidecar watches few files", () => {
  const watches = processes.map(({ pid }) =>
    readdirSync(`/proc/${pid}/fd`)
      .map((descriptor) => {
        try {
          return readlinkSync(`/proc/${pid}/fd/${descriptor}`);
        } catch {
          return "";
        }
      })
      .filter((target) => target === "anon_inode:inotify"),
  );
  // Listeners, clusters and the certificate; and of the caller its one route.
  expect(watches.map(({ length }) => length)).toEqual([4, 3]);
});
