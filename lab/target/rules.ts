import { readFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";

import { isMap, parseAllDocuments } from "yaml";
import { z } from "zod";

import { Failure } from "../run/failure";
import { findProject } from "../run/project";
import { type RuleSource } from "./target";

const labels = z.record(z.string(), z.string());
const document = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    labels: labels.optional(),
  }),
  spec: z
    .looseObject({
      workloadSelector: z.looseObject({ labels: labels.optional() }).optional(),
      selector: z.union([z.looseObject({ matchLabels: labels }), labels]).optional(),
    })
    .optional(),
});

/** What a rule file holds, as far as it matters for putting it in force. */
export type RuleObject = {
  kind: string;
  name: string;
  namespace: string;
  labels: Readonly<Record<string, string>>;
  /** Labels of the pods whose sidecars it changes; undefined where it changes all of its namespace. */
  selector: Readonly<Record<string, string>> | undefined;
};

/** Reads a rule's YAML. A file is named from the repository's root. */
export async function readRule(rule: RuleSource): Promise<string> {
  if ("yaml" in rule) return rule.yaml;
  const path = isAbsolute(rule.file) ? rule.file : join(findProject(), rule.file);
  return readFile(path, "utf8").catch((error: unknown) => {
    throw new Failure("rule.missing", `${rule.file} cannot be read`, {
      fix: "name an Istio YAML file, such as mesh/faults/payment-delay.yaml",
      cause: error,
    });
  });
}

/** The objects of a rule's YAML. Rejects what is no Kubernetes object with a `Failure`. */
export function parseRule(text: string, namespace: string): RuleObject[] {
  return parseAllDocuments(text).flatMap((entry) => {
    const [error] = entry.errors;
    const content: unknown = error === undefined ? entry.toJS() : undefined;
    // Nothing between two separators.
    if (content === null) return [];
    const parsed = document.safeParse(content);
    if (parsed.success) return [toRuleObject(parsed.data, namespace)];
    const reason = error?.message ?? parsed.error.issues[0]?.message ?? "";
    throw new Failure("rule.broken", `the rule is no Kubernetes object: ${reason}`);
  });
}

/** A rule's YAML with the namespace said of every object: where one names another, kubectl refuses to be told one for all. */
export function withNamespace(text: string, namespace: string): string {
  const objects = parseAllDocuments(text).filter(({ contents }) => isMap(contents));
  for (const object of objects)
    if (!object.hasIn(["metadata", "namespace"])) object.setIn(["metadata", "namespace"], namespace);
  return objects.map((object) => object.toString({ directives: false })).join("---\n");
}

function toRuleObject({ kind, metadata, spec }: z.infer<typeof document>, namespace: string): RuleObject {
  return {
    kind,
    name: metadata.name,
    namespace: metadata.namespace ?? namespace,
    labels: metadata.labels ?? {},
    selector: readSelector(spec?.workloadSelector?.labels ?? spec?.selector),
  };
}

function readSelector(selector: unknown): Record<string, string> | undefined {
  const matchLabels = z.looseObject({ matchLabels: labels }).safeParse(selector);
  if (matchLabels.success) return matchLabels.data.matchLabels;
  const plain = labels.safeParse(selector);
  return plain.success ? plain.data : undefined;
}
