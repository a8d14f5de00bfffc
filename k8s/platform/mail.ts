import { k8s } from "cdk8s-plus-34";
import { type Construct } from "constructs";

import {
  labelsOf,
  platformNamespace as namespace,
  resources,
  restrictedContainer,
  restrictedPod,
  selectorOf,
} from "./pod";

export const mailName = "mail";
export const mailPorts = { smtp: 1025, http: 8025 } as const;

/** A mail server that delivers nothing: what it took can be read at its HTTP port. */
export function addMail(scope: Construct): void {
  const metadata = { name: mailName, namespace, labels: labelsOf(mailName) };
  new k8s.KubeServiceAccount(scope, "mail-account", { metadata, automountServiceAccountToken: false });
  new k8s.KubeService(scope, "mail-service", {
    metadata,
    spec: {
      selector: selectorOf(mailName),
      ports: [
        // The server speaks first, see the broker's port.
        { name: "tcp-smtp", port: mailPorts.smtp },
        { name: "http", port: mailPorts.http },
      ],
    },
  });
  const probe = {
    httpGet: { path: "/livez", port: k8s.IntOrString.fromNumber(mailPorts.http) },
    periodSeconds: 5,
    timeoutSeconds: 2,
  };
  new k8s.KubeDeployment(scope, "mail", {
    metadata,
    spec: {
      replicas: 1,
      selector: { matchLabels: selectorOf(mailName) },
      template: {
        metadata: { labels: labelsOf(mailName) },
        spec: {
          serviceAccountName: mailName,
          automountServiceAccountToken: false,
          securityContext: restrictedPod(10001),
          containers: [
            {
              name: mailName,
              image: "symphony-mail:dev",
              imagePullPolicy: "IfNotPresent",
              ports: [
                { name: "tcp-smtp", containerPort: mailPorts.smtp },
                { name: "http", containerPort: mailPorts.http },
              ],
              startupProbe: { ...probe, periodSeconds: 1, failureThreshold: 60 },
              readinessProbe: probe,
              livenessProbe: {
                tcpSocket: { port: k8s.IntOrString.fromNumber(mailPorts.smtp) },
                periodSeconds: 20,
                failureThreshold: 6,
              },
              resources: resources("5m", "48Mi", "128Mi"),
              securityContext: restrictedContainer,
            },
          ],
        },
      },
    },
  });
}
