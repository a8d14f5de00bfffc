import { type Reducer } from "./feature";
import { isObject, objectsOf } from "./json";

/**
 * Spans, and who collects them. Without a collector istiod leaves a block that has no effect. The tags that it adds
 * about itself and about policies that are tried out (`istio.…`) are not there on a laptop.
 */
export const reduceTracing: Reducer = (fields) => {
  const tracing = fields.take("tracing");
  if (!isObject(tracing) || tracing.provider === undefined) return undefined;
  const { custom_tags, ...rest } = tracing;
  const tags = objectsOf(custom_tags).filter(({ tag }) => !String(tag).startsWith("istio."));
  return { ...rest, ...(tags.length > 0 && { custom_tags: tags }) };
};
