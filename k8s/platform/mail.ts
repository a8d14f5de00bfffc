import { type Construct } from "constructs";

import { addAccount, addDeployment, addService, probesOf, resources } from "./pod";

export const mailName = "mail";
export const mailPorts = { smtp: 1025, http: 8025 } as const;

/** A mail server that delivers nothing: what it took can be read at its HTTP port. */
export function addMail(scope: Construct): void {
  addAccount(scope, mailName);
  addService(scope, mailName, [
    // The server speaks first, see the broker's port.
    { name: "tcp-smtp", port: mailPorts.smtp },
    { name: "http", port: mailPorts.http },
  ]);
  addDeployment(scope, mailName, {
    container: {
      image: "symphony-mail:dev",
      imagePullPolicy: "IfNotPresent",
      ports: [
        { name: "tcp-smtp", containerPort: mailPorts.smtp },
        { name: "http", containerPort: mailPorts.http },
      ],
      ...probesOf({ path: "/livez", port: mailPorts.http }, mailPorts.smtp),
      resources: resources("5m", "48Mi", "128Mi"),
    },
  });
}
