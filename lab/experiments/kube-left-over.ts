import { parseAllDocuments, stringify } from "yaml";
import { z } from "zod";

import { type Disturbance } from "../mesh/disturb/disturbance";
import { type Kubectl, namespaces } from "../target/kubectl";
import { podsOf } from "../target/pods";

/** A disturbance, and what it takes to undo it: how many pods there were, and the objects that its rule replaces. */
export type LeftOver = { disturbance: Disturbance; replicas?: number; covered?: string };

/** What has to be known before a disturbance, so that anybody can undo it. */
export async function leftOverOf(kubectl: Kubectl, disturbance: Disturbance): Promise<LeftOver> {
  const { kind } = disturbance;
  if (kind === "rule") return { disturbance, covered: await coveredBy(kubectl, disturbance.text) };
  if (kind === "scale") return { disturbance, replicas: (await podsOf(kubectl, disturbance.service)).length };
  if (kind === "hold" && disturbance.victim !== "broker" && disturbance.victim !== "database")
    return { disturbance, replicas: (await podsOf(kubectl, disturbance.victim)).length };
  return { disturbance };
}

const texts = z.record(z.string(), z.string());
const object = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    labels: texts.optional(),
    annotations: texts.optional(),
  }),
  spec: z.unknown(),
});
const list = z.looseObject({ items: z.array(object) });

/** What `kubectl apply` writes for itself. */
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/** The objects in force that have the names of those in `text`, as YAML that brings them back; empty where there are none. */
async function coveredBy(kubectl: Kubectl, text: string): Promise<string> {
  const command = ["get", "-n", namespaces.services, "-f", "-", "--ignore-not-found", "-o", "json"];
  const answer = await kubectl.run(command, text);
  if (answer.trim() === "") return "";
  const content: unknown = JSON.parse(answer);
  const found = list.safeParse(content);
  const objects = found.success ? found.data.items : [object.parse(content)];
  return objects
    .map(({ apiVersion, kind, metadata: { name, namespace, labels, annotations = {} }, spec }) => {
      const kept = Object.entries(annotations).filter(([key]) => key !== lastApplied);
      const metadata = { name, namespace, labels, annotations: Object.fromEntries(kept) };
      return stringify(JSON.parse(JSON.stringify({ apiVersion, kind, metadata, spec })));
    })
    .join("---\n");
}

const keyOf = ({ kind, metadata: { name } }: { kind: string; metadata: { name: string } }): string =>
  `${kind}/${name}`;
const named = z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }) });

/** The documents of `text` that take the place of nothing in `covered`; empty where there are none. */
export function addedBy(text: string, covered: string): string {
  const documents = (yaml: string): z.infer<typeof named>[] =>
    parseAllDocuments(yaml).flatMap((document) => named.safeParse(document.toJS()).data ?? []);
  const before = new Set(documents(covered).map(keyOf));
  return documents(text)
    .filter((document) => !before.has(keyOf(document)))
    .map((document) => stringify(document))
    .join("---\n");
}
