import { type Json } from "../../compile/types";
import { type ClusterSource, reduceCluster } from "./cluster";
import { type Door, reduceDoor } from "./door";
import { type Features } from "./feature";
import { type HostSource, reduceVirtualHost } from "./virtual-host";

/** What a proxy was told, in the form that both sides can be brought into. */
export type ProxySources = { doors: Door[]; hosts: HostSource[]; clusters: ClusterSource[] };

/** What a proxy does: by resource, by feature. */
export type Reduced = Record<string, Record<string, Json>>;

/** Reduces what a proxy was told to what each feature means. */
export function reduceProxy({ doors, hosts, clusters }: ProxySources): Reduced {
  const all: Record<string, Features>[] = [
    ...doors.map(reduceDoor),
    ...hosts.map(reduceVirtualHost),
    ...clusters.map((source) => ({ [`cluster ${String(source.cluster.name)}`]: reduceCluster(source) })),
  ];
  const result: Reduced = {};
  for (const part of all)
    for (const [resource, features] of Object.entries(part))
      result[resource] = { ...result[resource], ...defined(features) };
  return result;
}

function defined(features: Features): Record<string, Json> {
  const entries = Object.entries(features).filter((entry): entry is [string, Json] => entry[1] !== undefined);
  return Object.fromEntries(entries);
}
