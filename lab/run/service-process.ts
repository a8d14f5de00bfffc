import { rmSync } from "node:fs";
import { join } from "node:path";

import type { ServiceName } from "../../lib/events";
import { type LocalAddress, requestLocal } from "../../lib/local-http";
import { nicenessFor } from "./niceness";
import type { Secrets } from "./secrets";
import type { SupervisedSpec } from "./supervised";
import { type FindPeer, type Instance, peerEnvironment } from "./topology";

export type Environment = Record<string, string | undefined>;

/** What every process of the system is told. */
export type ServiceContext = {
  project: string;
  findPeer: FindPeer;
  /** What the way to and from a process adds to its environment. */
  surroundings: (instance: Instance) => Record<string, string>;
  databaseUrls: Record<ServiceName, string>;
  natsUrl: string;
  smtpUrl: string;
  secrets: Secrets;
  logLevel: string;
  /** Variables for one service, over everything else. */
  overrides: Partial<Record<ServiceName, Record<string, string>>>;
  /** Variables for one service at this moment, over those too. */
  extra?: (service: ServiceName) => Record<string, string>;
  /** For whom customers wait while they order: gateway and order unless given. The others give way to them. */
  waitedFor?: readonly ServiceName[];
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
    PORT: portOf(instance.http),
    ...(instance.grpc === undefined ? {} : { GRPC_PORT: portOf(instance.grpc) }),
    DATABASE_URL: context.databaseUrls[service],
    NATS_URL: context.natsUrl,
    LOG_LEVEL: context.logLevel,
    ...peerEnvironment(instance, context.findPeer),
    ...context.surroundings(instance),
    ...ownEnvironment(service, context),
    ...context.overrides[service],
    ...context.extra?.(service),
  };
}

const portOf = (address: LocalAddress): string => ("pipe" in address ? address.pipe : String(address.port));

function ownEnvironment(service: ServiceName, { secrets, smtpUrl }: ServiceContext): Record<string, string> {
  if (service === "user") return { ADMIN_EMAIL: secrets.admin.email, ADMIN_PASSWORD: secrets.admin.password };
  if (service === "notification")
    return { SMTP_URL: smtpUrl, MAIL_FROM: "Symphony <orders@symphony.example>" };
  return {};
}

const usuallyWaitedFor: readonly ServiceName[] = ["gateway", "order"];
/**
 * A third of the CPU where it is short, for whoever asks for less in charts/symphony. The charts' own numbers are further
 * apart: they hold while nine pods start on one node, which here happens before anybody orders.
 */
const backgroundNiceness = nicenessFor(1 / 3);

/** How one process of a service is run and watched. */
export function serviceSpec(instance: Instance, context: ServiceContext): SupervisedSpec {
  const { project, waitedFor = usuallyWaitedFor } = context;
  const main = join(project, "dist/services", instance.service, "main.js");
  const args = ["--enable-source-maps", "--require", join(project, "dist/lib/register.js"), main];
  return {
    name: instance.name,
    command: () => {
      // A process that was killed leaves its sockets, and the next one could not listen there.
      for (const address of [instance.http, instance.grpc])
        if (address !== undefined && "pipe" in address) rmSync(address.pipe, { force: true });
      return { file: process.execPath, args, env: serviceEnvironment(instance, context), cwd: project };
    },
    probe: () => probeService(instance.http),
    readyTimeoutMs: 60_000,
    stopSignal: "SIGTERM",
    graceMs: 15_000,
    ...(!waitedFor.includes(instance.service) && { niceness: backgroundNiceness }),
  };
}

async function probeService(address: LocalAddress): Promise<void> {
  const { status } = await requestLocal(address, "/readyz");
  if (status !== 200) throw new Error(`/readyz answers ${String(status)}`);
}
