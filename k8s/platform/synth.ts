import { App, type Chart, Testing, Yaml } from "cdk8s";

import { ruleFile } from "../alerts/rules";
import { createDashboards, renderDashboard } from "../dashboards/dashboards";
import { createGrafana, createNamespaces, createPlatform, type VariantName, variants } from "./platform";

export type Manifest = { apiVersion: string; kind: string; metadata: { name: string; namespace?: string } };

const charts: Record<string, () => Chart> = {
  "namespaces.yaml": () => createNamespaces(new App()),
  "grafana.yaml": () => createGrafana(new App()),
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

/** What dist/ has for those who have a Grafana or a Prometheus of their own: text by path. */
export function renderExtras(): Map<string, string> {
  const written = "# Written by npm run synth from k8s/alerts.\n";
  return new Map([
    ["prometheus/rules.yaml", `${written}${Yaml.stringify(ruleFile)}`],
    ...[...createDashboards()].map(([name, board]): [string, string] => [
      `dashboards/${name}.json`,
      renderDashboard(board),
    ]),
  ]);
}
