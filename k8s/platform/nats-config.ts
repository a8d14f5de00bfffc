import { serviceNames } from "../../lib/events";
import { type Permissions, permissionsOf } from "./nats-permissions";

/** The user that creates streams and consumers, and that people use: it may do everything but reach the system account. */
export const adminUser = "admin";

/** Passwords come from the environment, so that this configuration is no secret: see `passwordPrefix`. */
export const passwordPrefix = "NATS_PASSWORD_";

export const natsPorts = { client: 4222, monitor: 8222, routes: 6222 } as const;

function list(subjects: string[]): string {
  return `[${subjects.map((subject) => JSON.stringify(subject)).join(", ")}]`;
}

function user(name: string, permissions?: Permissions): string {
  const lines = [`user: ${name}`, `password: $${passwordPrefix}${name}`];
  if (permissions !== undefined) {
    const { publish, subscribe } = permissions;
    const deny = publish.deny === undefined ? "" : `, deny: ${list(publish.deny)}`;
    lines.push(
      `permissions: {`,
      `  publish: { allow: ${list(publish.allow)}${deny} }`,
      `  subscribe: { allow: ${list(subscribe.allow)} }`,
      `}`,
    );
  }
  return `      {\n${lines.map((line) => `        ${line}`).join("\n")}\n      }`;
}

function cluster(replicas: number, hostOf: (replica: number) => string): string[] {
  if (replicas === 1) return [];
  const routes = Array.from(
    { length: replicas },
    (_, replica) => `nats://${hostOf(replica)}:${natsPorts.routes}`,
  );
  return [
    "cluster {",
    "  name: symphony",
    `  listen: 0.0.0.0:${natsPorts.routes}`,
    // Who may open a route is said by an AuthorizationPolicy: only a pod with the brokers' own identity.
    `  routes: ${list(routes)}`,
    // Clients know the Service's name alone; addresses of pods would lead them around it.
    "  no_advertise: true",
    "}",
    // Clients are asked to leave before the broker does.
    "lame_duck_grace_period: 5s",
    "lame_duck_duration: 30s",
    `pid_file: "/run/nats/nats.pid"`,
  ];
}

/** nats-server's configuration, for one broker or a cluster whose brokers `hostOf` names. */
export function natsConfig(replicas: number, hostOf: (replica: number) => string): string {
  return [
    "server_name: $POD_NAME",
    `listen: 0.0.0.0:${natsPorts.client}`,
    `http: 0.0.0.0:${natsPorts.monitor}`,
    "jetstream {",
    "  store_dir: /data",
    "  max_memory_store: 64MB",
    "  max_file_store: 4GB",
    // An acknowledged message is on the disk. The default syncs every two minutes: a power failure would take what
    // came since, see https://jepsen.io/analyses/nats-2.12.1.
    "  sync_interval: always",
    "}",
    "max_payload: 1MB",
    // A client that has gone is noticed after 20 s rather than after 4 min.
    "ping_interval: 10s",
    "ping_max: 2",
    ...cluster(replicas, hostOf),
    "accounts {",
    "  SYMPHONY {",
    "    jetstream: enabled",
    "    users: [",
    [user(adminUser), ...serviceNames.map((service) => user(service, permissionsOf(service)))].join(",\n"),
    "    ]",
    "  }",
    "}",
    "",
  ].join("\n");
}
