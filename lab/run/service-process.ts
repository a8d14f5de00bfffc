import { join } from "node:path";

import type { ServiceName } from "../../lib/events";
import type { Secrets } from "./secrets";
import type { SupervisedSpec } from "./supervised";
import { type FindPeer, type Instance, peerEnvironment } from "./topology";

export type Environment = Record<string, string | undefined>;

/** What every process of the system is told. */
export type ServiceContext = {
  project: string;
  findPeer: FindPeer;
  databaseUrls: Record<ServiceName, string>;
  natsUrl: string;
  smtpUrl: string;
  secrets: Secrets;
  logLevel: string;
  /** Variables for one service, over everything else. */
  overrides: Partial<Record<ServiceName, Record<string, string>>>;
  /** The environment of the runner, of which only telemetry settings and the like pass on. */
  outer: Environment;
};

const passed = /^(OTEL_|NODE_OPTIONS$|NODE_EXTRA_CA_CERTS$|PATH$|HOME$|LANG$|TMPDIR$)/;

/** The whole environment of one process: nothing of the runner's reaches it by accident. */
export function serviceEnvironment(instance: Instance, context: ServiceContext): Record<string, string> {
  const { service } = instance;
  const outer = Object.entries(context.outer).filter((entry): entry is [string, string] => {
    return passed.test(entry[0]) && entry[1] !== undefined;
  });
  return {
    ...Object.fromEntries(outer),
    NODE_ENV: "production",
    TZ: "UTC",
    OTEL_SERVICE_NAME: service,
    HOST: "127.0.0.1",
    PORT: String(instance.port),
    ...(instance.grpcPort === undefined ? {} : { GRPC_PORT: String(instance.grpcPort) }),
    DATABASE_URL: context.databaseUrls[service],
    NATS_URL: context.natsUrl,
    LOG_LEVEL: context.logLevel,
    ...peerEnvironment(instance, context.findPeer),
    ...ownEnvironment(service, context),
    ...context.overrides[service],
  };
}

function ownEnvironment(service: ServiceName, { secrets, smtpUrl }: ServiceContext): Record<string, string> {
  if (service === "user") return { ADMIN_EMAIL: secrets.admin.email, ADMIN_PASSWORD: secrets.admin.password };
  if (service === "notification")
    return { SMTP_URL: smtpUrl, MAIL_FROM: "Symphony <orders@symphony.example>" };
  return {};
}

/** How one process of a service is run and watched. */
export function serviceSpec(instance: Instance, context: ServiceContext): SupervisedSpec {
  const { project } = context;
  const main = join(project, "dist/services", instance.service, "main.js");
  const args = ["--enable-source-maps", "--require", join(project, "dist/lib/register.js"), main];
  return {
    name: instance.name,
    command: () => ({
      file: process.execPath,
      args,
      env: serviceEnvironment(instance, context),
      cwd: project,
    }),
    probe: () => probeService(instance.port),
    readyTimeoutMs: 60_000,
    stopSignal: "SIGTERM",
    graceMs: 15_000,
  };
}

async function probeService(port: number): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${String(port)}/readyz`, {
    signal: AbortSignal.timeout(2000),
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`/readyz answers ${String(response.status)}`);
}
