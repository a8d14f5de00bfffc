import { stringify } from "yaml";

import { type Json } from "../compile/types";
import { textOf } from "./reduce/json";
import { type Reduced } from "./reduce/reduce";

/** What every proxy does, by the proxy's name. */
export type Answer = Map<string, Reduced>;

type Group = { of: Map<string, string[]>; is: Json };

/**
 * What all proxies do, as YAML: by feature, with what means the same for several of them once. Of what is also in
 * `beside`, nothing.
 */
export function renderAnswer(answer: Answer, beside: Answer = new Map()): string {
  const features = new Map<string, Map<string, Group>>();
  for (const [proxy, reduced] of answer)
    for (const [resource, values] of Object.entries(reduced))
      for (const [feature, value] of Object.entries(values)) {
        if (textOf(beside.get(proxy)?.[resource]?.[feature]) === textOf(value)) continue;
        const groups = features.get(feature) ?? new Map<string, Group>();
        features.set(feature, groups);
        const group = groups.get(textOf(value)) ?? { of: new Map<string, string[]>(), is: value };
        groups.set(textOf(value), group);
        group.of.set(resource, [...(group.of.get(resource) ?? []), proxy]);
      }
  const content = [...features, ...goneFrom(answer, beside)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([feature, groups]) => [
      feature,
      [...groups.values()].sort(byFirst).map(({ of, is }) => ({ of: namesIn(of), is })),
    ]);
  return stringify(Object.fromEntries(content), { aliasDuplicateObjects: false, lineWidth: 120 });
}

const firstOf = ({ of }: Group): string => [...of.keys()].sort()[0] ?? "";
const byFirst = (a: Group, b: Group): number =>
  firstOf(a) < firstOf(b) ? -1 : firstOf(a) > firstOf(b) ? 1 : textOf(a.is) < textOf(b.is) ? -1 : 1;

function namesIn(of: Map<string, string[]>): Record<string, string> {
  const entries = [...of].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([resource, proxies]) => [resource, proxies.sort().join(", ")]));
}

const missing = "(no more)";

/** What is in `beside` and in the answer not. */
function goneFrom(answer: Answer, beside: Answer): [string, Map<string, Group>][] {
  const of = new Map<string, string[]>();
  for (const [proxy, reduced] of beside)
    for (const [resource, values] of Object.entries(reduced))
      for (const feature of Object.keys(values)) {
        if (answer.get(proxy)?.[resource]?.[feature] !== undefined) continue;
        const key = `${resource}: ${feature}`;
        of.set(key, [...(of.get(key) ?? []), proxy]);
      }
  return of.size === 0 ? [] : [[missing, new Map([["", { of, is: null }]])]];
}
