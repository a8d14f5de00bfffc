import { type Origin } from "../source/document";

export type { Origin } from "../source/document";

/** In Envoy's notation: `1.5s`. */
export type Duration = string;

export type Labels = Readonly<Record<string, string>>;

/** Who an object is, and where it was read. */
export type Identity = { kind: string; name: string; namespace: string; origin: Origin };

export type StringMatch = { exact: string } | { prefix: string } | { regex: string };

/** A share of all, from 0 to 100. */
export type Percent = number;

/** Every label that is asked for is there, with its value. */
export function selects(selector: Labels, labels: Labels): boolean {
  return Object.entries(selector).every(([name, value]) => labels[name] === value);
}
