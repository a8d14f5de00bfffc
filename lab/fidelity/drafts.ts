import { type Brought } from "./brought";
import { fullName, labelsOf, type Named, namedBy } from "./named";
import { objectsOf } from "./reduce/json";

/** A service as it is made up: its ports, and the labels of the workloads behind it. */
export type Draft = {
  name: string;
  namespace: string;
  ports: Set<number>;
  variants: Record<string, string>[];
};

const clusterDomain = ".svc.cluster.local";
const usualPort = 8080;
/** Of a workload that nothing is said about, but that policies are for: one port of each protocol. */
const portsOfAll = [8080, 9090, 6379];

export const hostOf = ({ name, namespace }: Draft): string => `${name}.${namespace}${clusterDomain}`;

/** The services that objects name, with the ports and workloads that they speak of. */
export function draftServices(objects: Brought[], named: Named[]): Draft[] {
  const drafts = new Map<string, Draft>();
  const ensure: Ensure = (name, namespace) => {
    const draft = drafts.get(`${name}.${namespace}`) ?? { name, namespace, ports: new Set(), variants: [] };
    drafts.set(`${name}.${namespace}`, draft);
    return draft;
  };
  addHosts(objects, named, ensure);
  addSelected(named, ensure);
  const find = (host: string): Draft | undefined => drafts.get(host.split(".").slice(0, 2).join("."));
  addSubsets(objects, named, find);
  addImpliedPorts(objects, find);
  for (const { ports } of drafts.values()) if (ports.size === 0) ports.add(usualPort);
  return [...drafts.values()];
}

type Ensure = (name: string, namespace: string) => Draft;
type Find = (host: string) => Draft | undefined;

function addHosts(objects: Brought[], named: Named[], ensure: Ensure): void {
  const entries = objects.filter(({ kind }) => kind === "ServiceEntry");
  const declared = entries.flatMap(({ spec }) => spec.hosts);
  for (const { host, port } of named.flatMap((one) => one.hosts)) {
    const [name = "", namespace = "", ...rest] = host.split(".");
    if (rest.length !== 3 || !host.endsWith(clusterDomain) || declared.includes(host)) continue;
    // Behind a pattern there is somebody, whatever the name.
    const { ports } = ensure(name.includes("*") ? "any" : name, namespace);
    if (port !== undefined) ports.add(port);
  }
}

function addSelected(named: Named[], ensure: Ensure): void {
  for (const { namespace, labels, ports } of named.flatMap((one) => one.selected)) {
    const isAll = Object.keys(labels).length === 0;
    const draft = ensure(labels.app ?? labels["app.kubernetes.io/name"] ?? "selected", namespace);
    if (!isAll) draft.variants.push(labels);
    for (const port of isAll ? [...portsOfAll, ...ports] : ports) draft.ports.add(port);
  }
}

function addSubsets(objects: Brought[], named: Named[], find: Find): void {
  for (const { spec, namespace } of objects.filter(({ kind }) => kind === "DestinationRule")) {
    const labels = objectsOf(spec.subsets).map((subset) => labelsOf(subset.labels));
    find(fullName(String(spec.host), namespace))?.variants.push(...labels);
  }
  for (const { host, subset } of named.flatMap((one) => one.hosts))
    if (subset !== undefined) find(host)?.variants.push({ version: subset });
}

/** A destination without port is that of its route's host with the same port. */
function addImpliedPorts(objects: Brought[], find: Find): void {
  for (const object of objects.filter(({ kind }) => kind === "VirtualService")) {
    const hosts = namedBy(object).hosts.filter(({ port }) => port === undefined);
    const implied = hosts.flatMap(({ host }) => find(host) ?? []);
    const ports = new Set(implied.flatMap((draft) => [...draft.ports]));
    if (implied.length < 2) continue;
    for (const draft of implied) for (const port of ports) draft.ports.add(port);
  }
}
