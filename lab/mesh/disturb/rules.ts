import { defaultLeaseMs } from "../leases";
import { type Disturbance, type Disturbed } from "./disturbance";
import { type Host } from "./host";

/** A file of mesh/faults. */
export async function applyFault(host: Host, { name }: { name: string }): Promise<Disturbed> {
  const { replica } = await host.faults.apply(name, defaultLeaseMs);
  return {
    detail: `fault ${name} in force${replica === undefined ? "" : ` at ${replica}`}`,
    observe: async () => {
      const [status] = await host.faults.status({ name });
      if (status === undefined) return { seen: false, detail: `${name} is not in force` };
      const { calls, hit } = status.observed;
      return {
        seen: hit > 0,
        detail: `${String(hit)} of ${String(calls)} calls to ${status.fault.workload} were hit`,
        of: calls,
        hit,
        configuredPercent: status.fault.effect.percent,
      };
    },
    heal: () => host.faults.clear(name),
  };
}

type Rule = Extract<Disturbance, { kind: "rule" }>;

/** Istio YAML of the experiment's own. */
export async function applyRule(host: Host, { path, text, counted }: Rule): Promise<Disturbed> {
  const read = async (): Promise<{ of: number; hit: number }> => {
    if (counted === undefined) return { of: 0, hit: 0 };
    const sum = async (pattern: string): Promise<number> => {
      const sidecars = await host.stats(counted.service, pattern);
      const name = new RegExp(pattern);
      return sidecars
        .flatMap(({ values }) => Object.entries(values))
        .reduce((total, [key, value]) => total + (name.test(key) ? value : 0), 0);
    };
    return { of: await sum(counted.of), hit: await sum(counted.hit) };
  };
  const before = await read();
  const heal = await host.rules.cover({ path, text });
  return {
    detail: `${path} in force`,
    observe: async () => {
      if (counted === undefined) return { seen: true, detail: "every sidecar that it names has it" };
      const now = await read();
      const of = now.of - before.of;
      const hit = now.hit - before.hit;
      return {
        seen: hit > 0,
        detail: `${String(hit)} of ${String(of)} calls to ${counted.service} were hit`,
        of,
        hit,
        configuredPercent: counted.percent,
      };
    },
    heal,
  };
}
