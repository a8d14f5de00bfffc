import { k8s } from "cdk8s-plus-34";
import { type Construct } from "constructs";

import {
  addAccount,
  addPeersService,
  addService,
  dataVolume,
  metadataOf,
  type Pod,
  podTemplate,
  resources,
  secretVariable,
  selectorOf,
} from "./pod";

export const postgresName = "postgres";
const peersName = "postgres-peers";
export const postgresPort = 5432;
export const postgresAdminSecret = "postgres-admin";
export const postgresRolesSecret = "postgres-roles";
/** The user of the official image, which initdb looks up by name. */
const uid = 999;

/**
 * A role may open only the database of its own name: a second lock behind the rights of the databases. The
 * sidecar's connections come from 127.0.0.6, so loopback is trusted with nothing.
 */
const hostRules = `local all      postgres     peer
host  all      postgres all scram-sha-256
host  sameuser all      all scram-sha-256
`;

/** Postgres on a volume. Its databases and roles are the provisioner's work. */
export function addPostgres(scope: Construct, { image }: { image: string }): void {
  const metadata = metadataOf(postgresName);
  addAccount(scope, postgresName);
  new k8s.KubeConfigMap(scope, "postgres-config", {
    metadata,
    data: { "pg_hba.conf": hostRules },
  });
  const ports = [{ name: "tcp-postgres", port: postgresPort }];
  addService(scope, postgresName, ports);
  addPeersService(scope, { name: peersName, of: postgresName, ports });
  new k8s.KubeStatefulSet(scope, "postgres", {
    metadata,
    spec: {
      serviceName: peersName,
      replicas: 1,
      selector: { matchLabels: selectorOf(postgresName) },
      template: podTemplate(postgresName, {
        uid,
        config: hostRules,
        annotations: { "prometheus.io/scrape": "false" },
        sidecarCpu: "60m",
        terminationGracePeriodSeconds: 60,
        container: container(image),
        volumes: [
          { name: "config", configMap: { name: postgresName } },
          { name: "tmp", emptyDir: {} },
          { name: "run", emptyDir: {} },
        ],
      }),
      volumeClaimTemplates: [dataVolume("8Gi")],
    },
  });
}

function container(image: string): Pod["container"] {
  const ask = "pg_isready --quiet --host=127.0.0.1";
  const answers: k8s.ExecAction = { command: ["sh", "-c", ask] };
  // 1 is a server that takes nobody yet, because it recovers: no reason to kill it.
  const lives: k8s.ExecAction = { command: ["sh", "-c", `${ask} || [ $? = 1 ]`] };
  return {
    image,
    args: [
      "postgres",
      "-c",
      "hba_file=/etc/symphony/pg_hba.conf",
      // Nine services, ten connections each, two replicas and one more while they are rolled out.
      "-c",
      "max_connections=300",
      "-c",
      "unix_socket_directories=/var/run/postgresql",
    ],
    ports: [{ name: "tcp-postgres", containerPort: postgresPort }],
    // A plain SIGTERM waits for every client to leave, and the pools of nine services do not.
    lifecycle: { preStop: { exec: { command: ["pg_ctl", "stop", "--mode=fast", "--no-wait"] } } },
    env: [secretVariable("POSTGRES_PASSWORD", postgresAdminSecret, "password")],
    startupProbe: { exec: answers, periodSeconds: 1, failureThreshold: 120 },
    readinessProbe: { exec: answers, periodSeconds: 5, timeoutSeconds: 5 },
    livenessProbe: { exec: lives, periodSeconds: 20, failureThreshold: 6, timeoutSeconds: 10 },
    resources: resources("200m", "192Mi", "1Gi"),
    volumeMounts: [
      { name: "config", mountPath: "/etc/symphony", readOnly: true },
      // The image keeps its data in a folder per version below this one.
      { name: "data", mountPath: "/var/lib/postgresql" },
      { name: "tmp", mountPath: "/tmp" },
      { name: "run", mountPath: "/var/run/postgresql" },
    ],
  };
}
