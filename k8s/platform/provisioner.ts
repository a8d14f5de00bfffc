import { k8s } from "cdk8s-plus-34";
import { type Construct } from "constructs";

import { natsName, natsUsersSecret } from "./nats";
import { adminUser, natsPorts } from "./nats-config";
import { addAccount, addDeployment, type Pod, resources, secretVariable } from "./pod";
import { postgresAdminSecret, postgresName, postgresPort, postgresRolesSecret } from "./postgres";

export const provisionerName = "provisioner";
const port = 8080;

export type ProvisionerOptions = {
  /** Copies of each stream. */
  streamReplicas: number;
  /** Whether Postgres is the platform's own. */
  databases: boolean;
};

function environment({ streamReplicas, databases }: ProvisionerOptions): k8s.EnvVar[] {
  return [
    { name: "HOST", value: "0.0.0.0" },
    { name: "PORT", value: String(port) },
    { name: "STREAM_REPLICAS", value: String(streamReplicas) },
    secretVariable("NATS_PASSWORD", natsUsersSecret, adminUser),
    { name: "NATS_URL", value: `nats://${adminUser}:$(NATS_PASSWORD)@${natsName}:${natsPorts.client}` },
    ...(databases
      ? [
          secretVariable("POSTGRES_PASSWORD", postgresAdminSecret, "password"),
          {
            name: "POSTGRES_URL",
            value: `postgres://postgres:$(POSTGRES_PASSWORD)@${postgresName}:${postgresPort}/postgres`,
          },
        ]
      : []),
  ];
}

/**
 * What gives the broker its streams and consumers and Postgres its databases and roles, at the start and again
 * where the broker has lost them. It alone holds the credentials that this takes.
 */
export function addProvisioner(scope: Construct, options: ProvisionerOptions): void {
  addAccount(scope, provisionerName);
  const probe = (path: string): k8s.Probe => ({
    httpGet: { path, port: k8s.IntOrString.fromNumber(port) },
    periodSeconds: 5,
    timeoutSeconds: 2,
  });
  const pod: Pod = {
    container: {
      image: "symphony-provisioner:dev",
      imagePullPolicy: "IfNotPresent",
      ports: [{ name: "http", containerPort: port }],
      env: environment(options),
      ...(options.databases
        ? { envFrom: [{ prefix: "ROLE_PASSWORD_", secretRef: { name: postgresRolesSecret } }] }
        : {}),
      // Ready once everything is there: what is deployed after it finds its database and its consumer.
      startupProbe: { ...probe("/livez"), periodSeconds: 1, failureThreshold: 60 },
      readinessProbe: { ...probe("/readyz"), periodSeconds: 1 },
      livenessProbe: { ...probe("/livez"), periodSeconds: 20, failureThreshold: 6 },
      resources: resources("5m", "64Mi", "192Mi"),
    },
  };
  addDeployment(scope, provisionerName, pod, { type: "Recreate" });
}
