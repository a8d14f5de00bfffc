import { watchFile } from "node:fs";

import { createReloader } from "./reloader";

// Process 1 of a service under skaffold dev: k8s/sync copies compiled files into the container, this exchanges the program.
const service = process.env.SERVICE ?? "";
/** Written by k8s/sync after the last file. */
const marker = "/tmp/synced";

const say = (text: string): void => {
  process.stdout.write(`reload: ${text}\n`);
};
const grpcPort = process.env.GRPC_PORT;
const reloader = createReloader({
  args: ["--enable-source-maps", "--require", "./dist/lib/register.js", `dist/services/${service}/main.js`],
  environment: process.env,
  ports: {
    PORT: Number(process.env.PORT),
    ...(grpcPort === undefined ? {} : { GRPC_PORT: Number(grpcPort) }),
  },
  say,
});

// Asked for, as a watch on a file ends when a copy replaces it.
watchFile(marker, { interval: 200 }, () => void reloader.reload());
void reloader.reload();

for (const signal of ["SIGTERM", "SIGINT"] as const)
  process.once(signal, () => void reloader.stop().then(() => process.exit(0)));
