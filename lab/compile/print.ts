import { Document, isMap, isScalar, type Node, visit, type YAMLMap } from "yaml";

import { type Json, type Origin, type ProxyConfig } from "./types";

/** What Envoy gets, as YAML; above each route, cluster and filter, the file and line of the YAML that made it. */
export function printConfig(config: ProxyConfig): string {
  const { listeners, clusters, routes, endpoints, origins } = config;
  const content = { listeners, clusters, routes: Object.values(routes), endpoints: Object.values(endpoints) };
  // One by one, for a section's place in the text says which kind of resource it is about.
  const sections = Object.entries(content).map(([section, resources]) =>
    new Document({ [section]: resources.map((resource) => annotate(section, resource, origins)) }).toString({
      lineWidth: 0,
    }),
  );
  return sections.join("");
}

function annotate(section: string, resource: Json, origins: Origin[]): Node {
  // Copied, so that what is shared between resources is written out each time.
  const document = new Document(structuredCloneOf(resource), { aliasDuplicateObjects: false });
  const comment = (node: Node, key: string): void => {
    const found = origins.filter((origin) => origin.resource === key);
    if (found.length > 0)
      node.commentBefore = found.map(({ file, line }) => ` ${file}:${String(line)}`).join("\n");
  };
  const root = document.contents;
  if (isMap(root)) {
    const name = textOf(root, "name");
    if (section === "clusters") comment(root, `cluster ${name}`);
    if (section === "routes") annotateRoutes(root, (node, route) => comment(node, `route ${name}/${route}`));
    if (section === "listeners") annotateListener(root, comment);
  }
  return root as Node;
}

const structuredCloneOf = (resource: Json): Json => JSON.parse(JSON.stringify(resource)) as Json;

function textOf(map: YAMLMap, key: string): string {
  const value = map.get(key, true);
  return isScalar(value) && typeof value.value === "string" ? value.value : "";
}

/** Routes without a name go by their number in the virtual host. */
function annotateRoutes(root: YAMLMap, comment: (node: Node, route: string) => void): void {
  visit(root, {
    Map(key, node, path) {
      const list = path.at(-2);
      const isRoute =
        typeof list === "object" && "key" in list && isScalar(list.key) && list.key.value === "routes";
      if (isRoute && typeof key === "number") comment(node, textOf(node, "name") || String(key));
    },
  });
}

function annotateListener(root: YAMLMap, comment: (node: Node, key: string) => void): void {
  const name = textOf(root, "name");
  const direction = name.startsWith("outbound_") ? "outbound" : "inbound";
  const port = name.split("_").at(-1) ?? "";
  comment(root, `listener ${name.startsWith("inbound_") ? "inbound" : "ingress"}/${port}`);
  visit(root, {
    Seq(_key, list) {
      const filters = list.items.filter(isMap).filter((item) => item.has("typed_config"));
      const seen = new Map<string, number>();
      for (const filter of filters) {
        const filterName = textOf(filter, "name");
        const count = (seen.get(filterName) ?? 0) + 1;
        seen.set(filterName, count);
        comment(filter, `filter ${direction}/${filterName}${count > 1 ? `#${String(count)}` : ""}`);
      }
    },
  });
}
