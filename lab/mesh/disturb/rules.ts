import { defaultLeaseMs } from "../leases";
import { type Disturbance, type Disturbed } from "./disturbance";
import { faultEvidence, faultInForce, watchRule } from "./evidence";
import { type Host } from "./host";

/** A file of mesh/faults. */
export async function applyFault(host: Host, { name }: { name: string }): Promise<Disturbed> {
  const { replica } = await host.faults.apply(name, defaultLeaseMs);
  return {
    detail: faultInForce(name, replica),
    observe: async () => faultEvidence(name, (await host.faults.status({ name }))[0]),
    heal: () => host.faults.clear(name),
  };
}

type Rule = Extract<Disturbance, { kind: "rule" }>;

/** Istio YAML of the experiment's own. */
export async function applyRule(host: Host, rule: Rule): Promise<Disturbed> {
  const observe = await watchRule(rule, host.stats);
  const heal = await host.rules.cover({ path: rule.path, text: rule.text });
  return { detail: `${rule.path} in force`, observe, heal };
}
