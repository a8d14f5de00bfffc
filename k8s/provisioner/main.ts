import { createServer } from "node:http";

import { connectBus } from "../../lib/bus";
import { loadConfig } from "../../lib/config";
import { createLog } from "../../lib/log";
import { exitOnUnhandled } from "../../lib/shutdown";
import { provisionerEnv, rolePasswords } from "./config";
import { keepConsumers } from "./consumers";
import { provideDatabases } from "./databases";

const startLog = createLog("provisioner", "info");
exitOnUnhandled(startLog);

function run(): void {
  const config = loadConfig(provisionerEnv, process.env);
  const log = createLog("provisioner", config.LOG_LEVEL);
  const abort = new AbortController();
  const bus = connectBus({
    url: config.NATS_URL,
    name: "provisioner",
    log,
    replicas: config.STREAM_REPLICAS,
  });
  const consumers = keepConsumers(bus, { log, replicas: config.STREAM_REPLICAS });
  let databases = config.POSTGRES_URL === undefined;
  if (config.POSTGRES_URL !== undefined) {
    void provideDatabases(config.POSTGRES_URL, rolePasswords(config), { log, signal: abort.signal }).then(
      () => {
        databases = true;
      },
    );
  }
  const server = createServer((request, response) => {
    const checks = { consumers: consumers.ready(), databases };
    const well =
      request.url === "/livez" || (request.url === "/readyz" && Object.values(checks).every(Boolean));
    response.writeHead(well ? 200 : 503, { "content-type": "application/json" });
    response.end(JSON.stringify(checks));
  });
  server.listen(config.PORT, config.HOST);
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      abort.abort();
      consumers.stop();
      server.close();
      void bus.close().finally(() => process.exit(0));
    });
  }
}

try {
  run();
} catch (error) {
  startLog.fatal({ err: error }, "the provisioner cannot start");
  process.exit(1);
}
