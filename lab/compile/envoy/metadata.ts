import { type Identity } from "../model/common";

const groups: Record<string, string> = {
  VirtualService: "networking.istio.io/v1",
  DestinationRule: "networking.istio.io/v1",
};

/** The object that made a resource, as Istio names it in the metadata: its path on the API server. */
export function configMetadata({ kind, namespace, name }: Identity): string {
  const resource = kind.replace(/(?<=[a-z])[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
  return `/apis/${groups[kind] ?? ""}/namespaces/${namespace}/${resource}/${name}`;
}
