import { App, type Chart, Testing, Yaml } from "cdk8s";

import { createNamespaces, createPlatform, type VariantName, variants } from "./platform";

export type Manifest = { apiVersion: string; kind: string; metadata: { name: string; namespace?: string } };

const charts: Record<string, () => Chart> = {
  "namespaces.yaml": () => createNamespaces(new App()),
  ...Object.fromEntries(
    (Object.keys(variants) as VariantName[]).map((name) => [
      `platform-${name}.yaml`,
      () => createPlatform(new App(), name, variants[name]),
    ]),
  ),
};

/** The objects of each file of dist/, in the order in which they are to be applied. */
export function synthesize(): Map<string, Manifest[]> {
  return new Map(Object.entries(charts).map(([file, chart]) => [file, Testing.synth(chart()) as Manifest[]]));
}

/** The text of a file of dist/. */
export function render(manifests: Manifest[]): string {
  return `# Written by npm run synth from k8s/platform.\n${Yaml.stringify(...manifests)}`;
}
