import { type Labels } from "../model/common";
import { type Field } from "../source/field";

/** `selector.matchLabels`; undefined where the object is about its whole namespace. */
export function readSelector(spec: Field): Labels | undefined {
  return filled(spec.get("selector"), "matchLabels");
}

/** `workloadSelector.labels`, which is what EnvoyFilter has. */
export function readWorkloadSelector(spec: Field): Labels | undefined {
  return filled(spec.get("workloadSelector"), "labels");
}

function filled(field: Field | undefined, name: string): Labels | undefined {
  const labels = field?.textMap(name) ?? {};
  for (const [key, label] of field?.entries(name) ?? [])
    if (label.asText().includes("*")) label.refuse(`${key}: labels are matched as they stand, without *`);
  return Object.keys(labels).length === 0 ? undefined : labels;
}
