import { type Identity } from "../model/common";
import { type Mesh, type MeshSettings } from "../model/mesh";
import { type SourceDocument } from "../source/document";
import { Field } from "../source/field";
import { apiVersions, isKind, type Kind, kinds } from "../source/kinds";
import { checkSchema } from "../source/schema";
import { type World } from "../types";
import { readAuthorizationPolicy } from "./authorization-policy";
import { readDestinationRule } from "./destination-rule";
import { readEnvoyFilter } from "./envoy-filter";
import { readGateway } from "./gateway";
import { readPeerAuthentication } from "./peer-authentication";
import { type Registry } from "./registry";
import { readRequestAuthentication } from "./request-authentication";
import { readServiceEntry } from "./service-entry";
import { toServices } from "./services";
import { readTelemetry } from "./telemetry";
import { readVirtualService } from "./virtual-service";

/** An object whose shape is right, on its way into the model. */
type Entry = { kind: Kind; identity: Identity; document: SourceDocument; spec: Field; metadata: Field };

/** What others refer to is read before what refers to it. */
const readingOrder: Kind[] = [
  "ServiceEntry",
  "Gateway",
  "DestinationRule",
  "VirtualService",
  "PeerAuthentication",
  "AuthorizationPolicy",
  "RequestAuthentication",
  "Telemetry",
  "EnvoyFilter",
];

/** Pass 1: objects to the neutral model. What is wrong is noted in the documents. */
export function readMesh(documents: SourceDocument[], world: World, settings: MeshSettings): Mesh {
  const services = toServices(world);
  const mesh: Mesh = {
    trustDomain: world.trustDomain,
    settings,
    services,
    workloads: world.workloads,
    virtualServices: [],
    destinationRules: [],
    gateways: [],
    peerAuthentications: [],
    authorizationPolicies: [],
    requestAuthentications: [],
    telemetries: [],
    envoyFilters: [],
    serviceEntries: [],
  };
  const registry: Registry = { services, subsets: new Map(), gateways: new Set() };
  const entries = documents.flatMap((document) => toEntry(document) ?? []);
  entries.sort((a, b) => compare(keyOf(a), keyOf(b)) || byPlace(a.identity, b.identity));
  refuseTwins(entries);
  // What is misspelt in one object would look like a missing reference in another.
  if (documents.some(({ problems }) => problems.length > 0)) return mesh;
  for (const kind of readingOrder)
    for (const entry of entries.filter((one) => one.kind === kind)) {
      readInto(mesh, entry, registry);
      entry.spec.refuseUnread();
    }
  return mesh;
}

const keyOf = ({ identity: { namespace, name } }: Entry): string => `${namespace}/${name}`;
const byPlace = ({ origin: a }: Identity, { origin: b }: Identity): number =>
  compare(a.file, b.file) || a.line - b.line;
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function toEntry(document: SourceDocument): Entry | undefined {
  const root = new Field(document, [], document.content);
  const kind = root.get("kind")?.asJson();
  if (!isKind(kind)) {
    const what =
      typeof kind === "string"
        ? `the kind ${kind} is not supported by the mesh on a laptop`
        : "no Kubernetes object, for it says no kind";
    document.refuse(["kind"], `${what}; allowed: ${[...kinds].sort().join(", ")}`);
    return undefined;
  }
  const version = root.text("apiVersion") ?? "";
  if (!apiVersions(kind).includes(version))
    document.refuse(["apiVersion"], `"${version}" is none of ${kind}: ${apiVersions(kind).join(", ")}`);
  if (!checkSchema(document, kind)) return undefined;
  const metadata = root.get("metadata") ?? new Field(document, ["metadata"], {});
  const name = metadata.text("name") ?? "";
  if (name === "") document.refuse(["metadata"], "name is missing");
  const namespace = metadata.text("namespace") ?? "default";
  return {
    kind,
    identity: { kind, name, namespace, origin: document.origin() },
    document,
    metadata,
    spec: root.get("spec") ?? new Field(document, ["spec"], {}),
  };
}

/** As kubectl sees it the second would replace the first, but which is the second? */
function refuseTwins(entries: Entry[]): void {
  const seen = new Map<string, Entry>();
  for (const entry of entries) {
    const key = `${entry.kind} ${keyOf(entry)}`;
    const first = seen.get(key);
    if (first === undefined) seen.set(key, entry);
    else
      for (const [one, other] of [
        [first, entry],
        [entry, first],
      ] as const)
        one.document.refuse(
          ["metadata", "name"],
          `${entry.kind} ${keyOf(entry)} stands in ${other.identity.origin.file}:${String(other.identity.origin.line)} too; keep one`,
        );
  }
}

function readInto(mesh: Mesh, { kind, identity, spec, metadata }: Entry, registry: Registry): void {
  switch (kind) {
    case "ServiceEntry":
      mesh.serviceEntries.push(readServiceEntry(identity, spec, registry));
      break;
    case "Gateway":
      mesh.gateways.push(readGateway(identity, spec));
      registry.gateways.add(`${identity.namespace}/${identity.name}`);
      break;
    case "DestinationRule":
      mesh.destinationRules.push(readDestinationRule(identity, spec, registry));
      break;
    case "VirtualService":
      mesh.virtualServices.push(readVirtualService(identity, spec, registry));
      break;
    case "PeerAuthentication":
      mesh.peerAuthentications.push(readPeerAuthentication(identity, spec));
      break;
    case "AuthorizationPolicy":
      mesh.authorizationPolicies.push(readAuthorizationPolicy(identity, spec, metadata));
      break;
    case "RequestAuthentication":
      mesh.requestAuthentications.push(readRequestAuthentication(identity, spec, registry));
      break;
    case "Telemetry":
      mesh.telemetries.push(readTelemetry(identity, spec, mesh.settings));
      break;
    case "EnvoyFilter":
      mesh.envoyFilters.push(readEnvoyFilter(identity, spec));
      break;
  }
}
