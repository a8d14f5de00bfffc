import { watch } from "node:fs";

import { createReloader } from "./reloader";

// Process 1 of a service under skaffold dev: k8s/sync copies compiled files into the container, this exchanges the program.
const service = process.env.SERVICE ?? "";
const settleMs = 200;

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

let timer: NodeJS.Timeout | undefined;
for (const folder of ["dist/lib", `dist/services/${service}`])
  watch(folder, { recursive: true }, () => {
    clearTimeout(timer);
    timer = setTimeout(() => void reloader.reload(), settleMs);
  });
void reloader.reload();

for (const signal of ["SIGTERM", "SIGINT"] as const)
  process.once(signal, () => void reloader.stop().then(() => process.exit(0)));
