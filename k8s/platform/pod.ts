import { createHash } from "node:crypto";

import { k8s } from "cdk8s-plus-34";
import { type Construct } from "constructs";

export const platformNamespace = "symphony-platform";
export const servicesNamespace = "symphony";

/** The labels of everything that is called `name`. */
export function labelsOf(name: string): Record<string, string> {
  return {
    "app.kubernetes.io/name": name,
    "app.kubernetes.io/part-of": "symphony",
    "app.kubernetes.io/managed-by": "cdk8s",
  };
}

/** What the pods of `name` are found by; never changes, as a selector cannot be changed. */
export function selectorOf(name: string): Record<string, string> {
  return { "app.kubernetes.io/name": name };
}

/** The name, namespace and labels of an object of `name`. */
export function metadataOf(name: string): k8s.ObjectMeta & { name: string } {
  return { name, namespace: platformNamespace, labels: labelsOf(name) };
}

/** Who the pods of `name` are. They may ask nothing of Kubernetes. */
export function addAccount(scope: Construct, name: string): void {
  new k8s.KubeServiceAccount(scope, `${name}-account`, {
    metadata: metadataOf(name),
    automountServiceAccountToken: false,
  });
}

/** The Service of `name`, which spreads its clients over the pods. */
export function addService(scope: Construct, name: string, ports: k8s.ServicePort[]): void {
  new k8s.KubeService(scope, `${name}-service`, {
    metadata: metadataOf(name),
    spec: { selector: selectorOf(name), ports },
  });
}

/**
 * The Service without an address of its own that a StatefulSet names its pods by: `name` is the Service's, `of` the
 * pods'.
 */
export function addPeersService(
  scope: Construct,
  {
    name,
    of,
    ...spec
  }: { name: string; of: string } & Pick<k8s.ServiceSpec, "ports" | "publishNotReadyAddresses">,
): void {
  new k8s.KubeService(scope, name, {
    metadata: { ...metadataOf(of), name },
    spec: { clusterIp: "None", selector: selectorOf(of), ...spec },
  });
}

export type Pod = Omit<k8s.PodSpec, "containers"> & {
  /** The user that it runs as. @default 10001 */
  uid?: number;
  /** What it reads only at its start, so that another one starts it anew. */
  config?: string;
  annotations?: Record<string, string>;
  /**
   * CPU that the mesh's proxy beside it asks for. Less than its share of the work, and it is what all wait for.
   * @default 10m
   */
  sidecarCpu?: string;
  container: Omit<k8s.Container, "name">;
};

/** The pods of `name`, of one container, in the Pod Security profile "restricted". */
export function podTemplate(name: string, pod: Pod): k8s.PodTemplateSpec {
  const { uid = 10001, config, annotations, sidecarCpu = "10m", container, ...spec } = pod;
  const digest = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);
  return {
    metadata: {
      labels: labelsOf(name),
      annotations: {
        ...(config === undefined ? {} : { "symphony.dev/config": digest(config) }),
        ...sidecarResources(sidecarCpu),
        ...annotations,
      },
    },
    spec: {
      serviceAccountName: name,
      automountServiceAccountToken: false,
      securityContext: restrictedPod(uid),
      containers: [{ name, securityContext: restrictedContainer, ...container }],
      ...spec,
    },
  };
}

/** A Deployment of one pod. */
export function addDeployment(
  scope: Construct,
  name: string,
  pod: Pod,
  strategy?: k8s.DeploymentStrategy,
): void {
  new k8s.KubeDeployment(scope, name, {
    metadata: metadataOf(name),
    spec: {
      replicas: 1,
      strategy,
      selector: { matchLabels: selectorOf(name) },
      template: podTemplate(name, pod),
    },
  });
}

type Probes = Required<Pick<k8s.Container, "startupProbe" | "readinessProbe" | "livenessProbe">>;

/**
 * Ready as long as `path` answers at `port`, which may take `startSeconds` at first; alive as long as `alivePort`
 * takes connections.
 */
export function probesOf(
  ready: { path: string; port: number },
  alivePort: number,
  startSeconds = 60,
): Probes {
  const probe: k8s.Probe = {
    httpGet: { path: ready.path, port: k8s.IntOrString.fromNumber(ready.port) },
    periodSeconds: 5,
    timeoutSeconds: 2,
  };
  return {
    startupProbe: { ...probe, periodSeconds: 1, failureThreshold: startSeconds },
    readinessProbe: probe,
    livenessProbe: {
      tcpSocket: { port: k8s.IntOrString.fromNumber(alivePort) },
      periodSeconds: 20,
      failureThreshold: 6,
    },
  };
}

/** A volume called data for each pod of a StatefulSet. */
export function dataVolume(size: string): k8s.KubePersistentVolumeClaimProps {
  return {
    metadata: { name: "data" },
    spec: {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: k8s.Quantity.fromString(size) } },
    },
  };
}

/** A pod's part of the Pod Security profile "restricted", as user `uid`. */
function restrictedPod(uid: number): k8s.PodSecurityContext {
  return {
    runAsNonRoot: true,
    runAsUser: uid,
    runAsGroup: uid,
    fsGroup: uid,
    // A volume of many files is not walked through at each start.
    fsGroupChangePolicy: "OnRootMismatch",
    seccompProfile: { type: "RuntimeDefault" },
  };
}

/** A container's part of the Pod Security profile "restricted", and a root that cannot be written. */
const restrictedContainer: k8s.SecurityContext = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
};

/**
 * Requests and a limit of memory; a little room outside of the volumes, for logs. No limit of CPU: throttling a
 * server makes it slow when it is needed.
 */
export function resources(cpu: string, memory: string, limit: string): k8s.ResourceRequirements {
  return {
    requests: {
      cpu: k8s.Quantity.fromString(cpu),
      memory: k8s.Quantity.fromString(memory),
      "ephemeral-storage": k8s.Quantity.fromString("32Mi"),
    },
    limits: {
      memory: k8s.Quantity.fromString(limit),
      "ephemeral-storage": k8s.Quantity.fromString("256Mi"),
    },
  };
}

/** One asked for, all that a sidecar has must be said. */
const sidecarResources = (cpu: string): Record<string, string> => ({
  "sidecar.istio.io/proxyCPU": cpu,
  "sidecar.istio.io/proxyMemory": "48Mi",
  "sidecar.istio.io/proxyMemoryLimit": "256Mi",
});

/** A variable from a key of a Secret of the same namespace. */
export function secretVariable(name: string, secret: string, key: string): k8s.EnvVar {
  return { name, valueFrom: { secretKeyRef: { name: secret, key } } };
}
