import { type Json } from "../compile/types";
import { type Answer } from "./answers";
import { isObject, textOf } from "./reduce/json";
import { type Reduced } from "./reduce/reduce";

/** Where the two sides say different things. A side that says nothing has none. */
export type Difference = {
  proxy: string;
  /** `cluster outbound|8080||api.shop.svc.cluster.local`, `route outbound …/read`, `inbound 8080 over tls`. */
  resource: string;
  /** `retries`, `outlier detection`: as the reducers call it. */
  feature: string;
  /** `num_retries`, within the feature. */
  field: string;
  ours: Json | undefined;
  istiod: Json | undefined;
};

/** Where two proxies that should do the same do not. */
export function compareProxies(proxy: string, ours: Reduced, istiod: Reduced): Difference[] {
  return union(ours, istiod).flatMap((resource) =>
    union(ours[resource], istiod[resource]).flatMap((feature) =>
      fieldsThatDiffer(ours[resource]?.[feature], istiod[resource]?.[feature]).map((difference) => ({
        proxy,
        resource,
        feature,
        ...difference,
      })),
    ),
  );
}

const union = (a: object = {}, b: object = {}): string[] => [
  ...new Set([...Object.keys(a), ...Object.keys(b)]),
];

type FieldDifference = Pick<Difference, "field" | "ours" | "istiod">;

/** The innermost fields that differ. Lists of one length are compared item by item. */
function fieldsThatDiffer(ours: Json | undefined, istiod: Json | undefined, field = ""): FieldDifference[] {
  if (textOf(ours) === textOf(istiod) && typeof ours === typeof istiod) return [];
  if (isObject(ours) && isObject(istiod))
    return union(ours, istiod).flatMap((key) =>
      fieldsThatDiffer(ours[key], istiod[key], field === "" ? key : `${field}.${key}`),
    );
  if (Array.isArray(ours) && Array.isArray(istiod) && ours.length === istiod.length)
    return ours.flatMap((item, index) => fieldsThatDiffer(item, istiod[index], `${field}[${String(index)}]`));
  return [{ field, ours, istiod }];
}

/** One line for people. */
export function formatDifference({ proxy, resource, feature, field, ours, istiod }: Difference): string {
  const place = `${proxy}: ${resource}: ${feature}${field === "" ? "" : `: ${field}`}`;
  return `${place}: ours ${shown(ours)}, istiod ${shown(istiod)}`;
}

const shown = (value: Json | undefined): string => (value === undefined ? "nothing" : JSON.stringify(value));

/** Where any proxy differs. */
export function compareAnswers(ours: Answer, istiod: Answer): Difference[] {
  return [...new Set([...ours.keys(), ...istiod.keys()])].flatMap((proxy) =>
    compareProxies(proxy, ours.get(proxy) ?? {}, istiod.get(proxy) ?? {}),
  );
}
