import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { buildSchema } from "./build";

/** Every kind that stands in charts/, k8s/ and mesh/. */
const kinds = [
  "apps/v1/Deployment",
  "apps/v1/StatefulSet",
  "autoscaling/v2/HorizontalPodAutoscaler",
  "networking.istio.io/v1/DestinationRule",
  "networking.istio.io/v1/Gateway",
  "networking.istio.io/v1/ServiceEntry",
  "networking.istio.io/v1/VirtualService",
  "networking.istio.io/v1alpha3/EnvoyFilter",
  "networking.k8s.io/v1/NetworkPolicy",
  "policy/v1/PodDisruptionBudget",
  "rbac.authorization.k8s.io/v1/Role",
  "rbac.authorization.k8s.io/v1/RoleBinding",
  "security.istio.io/v1/AuthorizationPolicy",
  "security.istio.io/v1/PeerAuthentication",
  "security.istio.io/v1/RequestAuthentication",
  "telemetry.istio.io/v1/Telemetry",
  "v1/ConfigMap",
  "v1/Namespace",
  "v1/Pod",
  "v1/Service",
  "v1/ServiceAccount",
];

// Asks the current cluster, which must have Istio's CRDs: npm run schemas
const document = execFileSync("kubectl", ["get", "--raw", "/openapi/v2"], { maxBuffer: 64 * 2 ** 20 });
const { definitions } = JSON.parse(document.toString("utf8")) as {
  definitions: Parameters<typeof buildSchema>[0];
};
const file = join(process.cwd(), "k8s", "schemas", "schema.json");
writeFileSync(file, `${JSON.stringify(buildSchema(definitions, kinds))}\n`);
