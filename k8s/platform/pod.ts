import { k8s } from "cdk8s-plus-34";

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

/** A pod's part of the Pod Security profile "restricted", as user `uid`. */
export function restrictedPod(uid: number): k8s.PodSecurityContext {
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
export const restrictedContainer: k8s.SecurityContext = {
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

/** A variable from a key of a Secret of the same namespace. */
export function secretVariable(name: string, secret: string, key: string): k8s.EnvVar {
  return { name, valueFrom: { secretKeyRef: { name: secret, key } } };
}
