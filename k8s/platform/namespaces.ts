import { k8s } from "cdk8s-plus-34";
import { type Construct } from "constructs";

import { platformNamespace, servicesNamespace } from "./pod";

/**
 * Both namespaces take only pods of the Pod Security profile "restricted", and give each a sidecar. Istio's
 * own redirect must come from istio-cni: its init container would need capabilities that the profile forbids.
 */
export function addNamespaces(scope: Construct): void {
  for (const name of [servicesNamespace, platformNamespace]) {
    new k8s.KubeNamespace(scope, `namespace-${name}`, {
      metadata: {
        name,
        labels: {
          "app.kubernetes.io/part-of": "symphony",
          "istio-injection": "enabled",
          "pod-security.kubernetes.io/enforce": "restricted",
          "pod-security.kubernetes.io/audit": "restricted",
          "pod-security.kubernetes.io/warn": "restricted",
        },
      },
    });
  }
}
