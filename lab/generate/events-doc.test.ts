import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { parse } from "yaml";

import { eventNames, events, eventsOf, serviceNames } from "../../lib/events";
import { projectRoot } from "../../lib/paths";
import { asyncApiDocument, eventsMarkdown } from "./events-doc";

test.each([
  { file: "docs/events.md", generate: eventsMarkdown },
  { file: "docs/asyncapi.yaml", generate: asyncApiDocument },
])("$file is what lib/events.ts generates (npm run generate)", async ({ file, generate }) => {
  expect(await readFile(join(projectRoot, file), "utf8")).toBe(generate());
});

type Document = {
  channels: Record<string, { address: string }>;
  operations: Record<string, { action: string; channel: { $ref: string }; tags: { name: string }[] }>;
};

function resolve(document: unknown, ref: string): unknown {
  return ref
    .replace(/^#\//, "")
    .split("/")
    .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document);
}

test("every reference of the AsyncAPI document leads somewhere", () => {
  const document: unknown = parse(asyncApiDocument());
  const refs = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1] ?? "");
  expect(refs.length).toBeGreaterThan(eventNames.length);
  expect(refs.filter((ref) => resolve(document, ref) === undefined)).toEqual([]);
});

test("the AsyncAPI document has each event's producer and consumers", () => {
  const document = parse(asyncApiDocument()) as Document;
  const told = Object.values(document.operations).map(({ action, channel, tags }) => {
    const address = (resolve(document, channel.$ref) as { address: string }).address;
    return `${tags[0]?.name ?? ""} ${action} ${address}`;
  });
  const expected = [
    ...eventNames.map((name) => `${events[name].producer} send ${name}`),
    ...serviceNames.flatMap((service) => eventsOf(service).map((name) => `${service} receive ${name}`)),
  ];
  expect(told.sort()).toEqual(expected.sort());
});
