import { type Identity } from "../model/common";
import { type DestinationRule, type Subset } from "../model/traffic";
import { type Field } from "../source/field";
import { findService, fullHost, type Registry } from "./registry";
import { readTrafficPolicy } from "./traffic-policy";
import { readExportTo } from "./virtual-service";

/** Reads a DestinationRule, and makes its subsets known to the registry. */
export function readDestinationRule(identity: Identity, spec: Field, registry: Registry): DestinationRule {
  const host = fullHost(spec.text("host") ?? "", identity.namespace);
  const hostField = spec.get("host") ?? spec;
  if (host === "") hostField.refuse("host is missing");
  else if (!host.startsWith("*")) findService(registry, host, hostField);
  const rule = {
    ...identity,
    host,
    exported: readExportTo(spec),
    policy: readTrafficPolicy(spec.get("trafficPolicy")),
    subsets: readSubsets(spec),
  };
  registry.subsets.set(
    host,
    new Set([...(registry.subsets.get(host) ?? []), ...rule.subsets.map(({ name }) => name)]),
  );
  return rule;
}

function readSubsets(spec: Field): Subset[] {
  const names = new Set<string>();
  return spec.list("subsets").map((field) => {
    const name = field.text("name") ?? "";
    if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name)) field.refuse(`"${name}" is no name of a subset`);
    if (names.has(name)) field.refuse(`the subset ${name} stands here twice`);
    names.add(name);
    return {
      name,
      labels: field.textMap("labels"),
      origin: field.origin,
      policy: readTrafficPolicy(field.get("trafficPolicy")),
    };
  });
}
