/** The kinds that are compiled, and where the schema of each stands in k8s/schemas/schema.json. */
const supported = {
  VirtualService: "networking.istio.io/v1",
  DestinationRule: "networking.istio.io/v1",
  Gateway: "networking.istio.io/v1",
  ServiceEntry: "networking.istio.io/v1",
  EnvoyFilter: "networking.istio.io/v1alpha3",
  PeerAuthentication: "security.istio.io/v1",
  AuthorizationPolicy: "security.istio.io/v1",
  RequestAuthentication: "security.istio.io/v1",
  Telemetry: "telemetry.istio.io/v1",
} as const;

export type Kind = keyof typeof supported;

/** Every kind that is compiled. */
export const kinds = Object.keys(supported) as Kind[];

/** Versions that Istio serves; the schema of all is that of the newest. */
const versions: Record<string, readonly string[]> = {
  "networking.istio.io": ["v1", "v1beta1", "v1alpha3"],
  "security.istio.io": ["v1", "v1beta1"],
  "telemetry.istio.io": ["v1", "v1alpha1"],
};

export const isKind = (kind: unknown): kind is Kind =>
  typeof kind === "string" && Object.hasOwn(supported, kind);

/** The name of a kind's schema: `networking.istio.io/v1/VirtualService`. */
export const schemaName = (kind: Kind): string => `${supported[kind]}/${kind}`;

/** Every apiVersion that Istio serves a kind in. */
export function apiVersions(kind: Kind): string[] {
  if (kind === "EnvoyFilter") return [supported[kind]];
  const [group = ""] = supported[kind].split("/");
  return (versions[group] ?? []).map((version) => `${group}/${version}`);
}
