import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type RunningNats, startNats } from "../../lab/run/nats";

export type TestNats = {
  url: string;
  /** Kills the server; the streams stay on disk. */
  kill(): Promise<void>;
  /** Brings the server back at the same address after `kill()`; `empty` without its streams. */
  restart(options?: { empty?: boolean }): Promise<void>;
  /** Ends the server and removes its data. */
  stop(): Promise<void>;
};

/** A nats-server of the test's own, with JetStream in a temporary folder. */
export async function startTestNats(): Promise<TestNats> {
  const binary = process.env.SYMPHONY_TEST_NATS_BIN;
  if (binary === undefined)
    throw new Error("no nats-server: run it in the int project, whose set-up fetches one");
  const storeDir = await mkdtemp(join(tmpdir(), "symphony-test-nats-"));
  const password = "test";
  const first = await startNats({ binary, storeDir, password });
  const { url, port } = first;
  let server: RunningNats | undefined = first;
  const kill = async (): Promise<void> => {
    const running = server;
    server = undefined;
    await running?.kill();
  };
  return {
    url,
    kill,
    restart: async ({ empty = false } = {}) => {
      await kill();
      if (empty) await rm(storeDir, { recursive: true, force: true });
      server = await startNats({ binary, storeDir, password, port });
    },
    stop: async () => {
      await kill();
      await rm(storeDir, { recursive: true, force: true });
    },
  };
}
