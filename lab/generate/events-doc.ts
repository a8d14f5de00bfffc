import { stringify } from "yaml";
import { z } from "zod";

import {
  type EventName,
  eventNames,
  events,
  eventsOf,
  eventType,
  serviceNames,
  streams,
} from "../../lib/events";
import { markdownTable } from "./markdown";

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The schema of an event as JSON Schema draft 7, which AsyncAPI takes; shared schemas go to `definitions`. */
function jsonSchemaOf(name: EventName): JsonSchema {
  return z.toJSONSchema(events[name].schema, {
    target: "draft-7",
    io: "input",
    override: ({ jsonSchema }) => {
      // A format says it all; its regular expression and the largest safe integer only hide what matters.
      if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
}

/** `order.saga-started` as `orderSagaStarted`: AsyncAPI's keys may not hold dots. */
function keyOf(name: string): string {
  return name.replaceAll(/[.-](\w)/g, (_, letter: string) => letter.toUpperCase());
}

function consumersOf(name: EventName): string[] {
  return serviceNames.filter((service) => eventsOf(service).includes(name));
}

const envelope: { header: string; meaning: string; schema: object; optional?: boolean }[] = [
  { header: "ce-specversion", meaning: "version of CloudEvents", schema: { type: "string", const: "1.0" } },
  {
    header: "ce-id",
    meaning: "the event's UUIDv7, the same in every delivery: consumers remember it in their inbox",
    schema: { type: "string", format: "uuid" },
  },
  { header: "ce-source", meaning: "who published it: `/symphony/<service>`", schema: { type: "string" } },
  { header: "ce-type", meaning: "the event with the version of its schema", schema: { type: "string" } },
  {
    header: "ce-time",
    meaning: "when it happened, UTC",
    schema: { type: "string", format: "date-time" },
  },
  {
    header: "ce-subject",
    meaning: "the order; events of one order are published in their order",
    schema: { type: "string", format: "uuid" },
    optional: true,
  },
  {
    header: "ce-datacontenttype",
    meaning: "what the body is",
    schema: { type: "string", const: "application/json" },
    optional: true,
  },
  {
    header: "ce-correlationid",
    meaning: "the `X-Correlation-ID` of the request that began it all",
    schema: { type: "string" },
    optional: true,
  },
  {
    header: "traceparent",
    meaning: "W3C trace context of the producer, again as `ce-traceparent`",
    schema: { type: "string" },
    optional: true,
  },
  {
    header: "Nats-Msg-Id",
    meaning: "`ce-id` again: the broker stores an id once within 2 min",
    schema: { type: "string" },
    optional: true,
  },
];

function headersSchema(name: EventName): object {
  const properties = envelope.map(({ header, meaning, schema }) => [
    header,
    header === "ce-type" ? { type: "string", const: eventType(name) } : { ...schema, description: meaning },
  ]);
  return {
    type: "object",
    required: envelope.filter((one) => one.optional !== true).map((one) => one.header),
    properties: Object.fromEntries(properties) as object,
  };
}

/** Moves what several events share into the document's components. */
function hoist(schema: JsonSchema, shared: Record<string, unknown>): object {
  const rest: JsonSchema = { ...schema };
  delete rest.$schema;
  delete rest.definitions;
  for (const [name, definition] of Object.entries(schema.definitions ?? {})) {
    if (typeof definition === "object") shared[name] = { ...definition, id: undefined };
  }
  const text = JSON.stringify(rest).replaceAll("#/definitions/", "#/components/schemas/");
  return JSON.parse(text) as object;
}

function operations(): Record<string, object> {
  const all: Record<string, object> = {};
  for (const service of serviceNames) {
    for (const name of eventNames) {
      const channel = { $ref: `#/channels/${keyOf(name)}` };
      const messages = [{ $ref: `#/channels/${keyOf(name)}/messages/${keyOf(name)}` }];
      const tags = [{ name: service }];
      const about = { channel, messages, tags };
      const suffix = keyOf(`.${name}`);
      if (events[name].producer === service) all[`${service}Sends${suffix}`] = { action: "send", ...about };
      if (eventsOf(service).includes(name))
        all[`${service}Receives${suffix}`] = { action: "receive", ...about };
    }
  }
  return all;
}

/** docs/asyncapi.yaml: the events as an AsyncAPI 3.0 document. */
export function asyncApiDocument(): string {
  const shared: Record<string, unknown> = {};
  const messages = Object.fromEntries(
    eventNames.map((name) => [
      keyOf(name),
      {
        name: eventType(name),
        summary: events[name].description,
        contentType: "application/json",
        headers: headersSchema(name),
        payload: hoist(jsonSchemaOf(name), shared),
      },
    ]),
  );
  const channels = Object.fromEntries(
    eventNames.map((name) => [
      keyOf(name),
      {
        address: name,
        description: events[name].description,
        messages: { [keyOf(name)]: { $ref: `#/components/messages/${keyOf(name)}` } },
      },
    ]),
  );
  const document = {
    asyncapi: "3.0.0",
    info: {
      title: "Symphony events",
      version: "1.0.0",
      description:
        "CloudEvents 1.0 in binary mode over NATS JetStream. See events.md for delivery and failure.",
      license: { name: "Apache-2.0" },
    },
    defaultContentType: "application/json",
    channels,
    operations: operations(),
    components: { messages, schemas: shared },
  };
  const notice = "# Generated from lib/events.ts by `npm run generate`; edit that instead.\n";
  return notice + stringify(document, { lineWidth: 0, aliasDuplicateObjects: false });
}

function typeOf(schema: JsonSchema): string {
  if (schema.$ref !== undefined) return schema.$ref.split("/").at(-1) ?? "";
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(", ");
  const bounds = [
    schema.minimum === undefined ? "" : `≥ ${String(schema.minimum)}`,
    schema.exclusiveMinimum === undefined ? "" : `> ${String(schema.exclusiveMinimum)}`,
    schema.maxLength === undefined ? "" : `at most ${String(schema.maxLength)} characters`,
    schema.description ?? "",
  ].filter((part) => part !== "");
  return [schema.format ?? String(schema.type), ...bounds].join(", ");
}

function fieldTable(schema: JsonSchema): string {
  const rows = Object.entries(schema.properties ?? {}).map(([field, of]) => [
    `\`${field}\``,
    typeof of === "object" ? typeOf(of) : "",
  ]);
  return markdownTable(["field", "type"], rows);
}

function section(name: EventName): string {
  return [
    `### ${name}`,
    events[name].description,
    `From ${events[name].producer} to ${consumersOf(name).join(", ")}. Type \`${eventType(name)}\`.`,
    fieldTable(jsonSchemaOf(name)),
  ].join("\n\n");
}

function sharedSections(): string[] {
  const shared: Record<string, JsonSchema> = {};
  for (const name of eventNames) {
    for (const [key, schema] of Object.entries(jsonSchemaOf(name).definitions ?? {})) {
      if (typeof schema === "object") shared[key] = schema;
    }
  }
  return Object.entries(shared).map(([name, schema]) => `### ${name}\n\n${fieldTable(schema)}`);
}

const delivery = `## Delivery

- **Out.** The change and its event are one transaction: the event is a row of the service's \`outbox\`. A relay in the
  same process publishes it and marks it once the broker has stored it. Events of one order are published one after
  the other. A broker that is down fails nothing; the rows wait.
- **In.** Each service has one durable consumer of its own name, which its replicas share. The \`inbox\` row and the
  effect are one transaction, so an event takes effect once, however often it is delivered. Deliveries may come in any
  order.
- **Failure.** A handler that throws is given the event again after attempt² seconds. After five deliveries, or at once
  if the event is not valid, it becomes a dead letter: the subject \`dlq.<service>.<event>\`, with its own headers and
  \`Symphony-Dlq-Reason\`, \`-Attempts\`, \`-Consumer\`, \`-Stream-Seq\` and \`-Time\`. \`./symphony dlq list\`, \`show\` and
  \`replay\` look at dead letters and publish them again; services that had handled the event do nothing. A database
  that is away uses up no attempt.
- **A row the broker refuses** for its own sake (too large) is parked after five attempts and logged; others pass.
- **A broker that lost its data.** Streams and consumers come back by themselves; \`./symphony replay --since\`
  publishes from the outboxes again, with the same ids. Outboxes keep 7 days. The broker drops an id that it has stored
  in the last 2 min, which does not hinder this: that memory is lost with the stream.`;

/** docs/events.md: the events for a reader. */
export function eventsMarkdown(): string {
  const overview = eventNames.map((name) => [
    `[\`${name}\`](#${name.replaceAll(".", "")})`,
    events[name].producer,
    consumersOf(name).join(", "),
  ]);
  const streamRows = [
    [streams.events.name, streams.events.subjects.map((subject) => `\`${subject}\``).join(", "), "7 days"],
    [
      streams.deadLetters.name,
      streams.deadLetters.subjects.map((subject) => `\`${subject}\``).join(", "),
      "30 days",
    ],
  ];
  const envelopeRows = envelope.map(({ header, meaning }) => [`\`${header}\``, meaning]);
  const parts = [
    "<!-- Generated from lib/events.ts by `npm run generate`; edit that instead. -->",
    "# Events",
    "Events travel over NATS JetStream. [asyncapi.yaml](asyncapi.yaml) says the same for machines.",
    markdownTable(["event", "from", "to"], overview),
    "## Streams",
    markdownTable(["stream", "subjects", "kept"], streamRows),
    "## Envelope",
    "CloudEvents 1.0 in binary mode: attributes are headers, the body is the event's data as JSON.",
    markdownTable(["header", "meaning"], envelopeRows),
    delivery,
    "## The events",
    ...eventNames.map(section),
    ...sharedSections(),
  ];
  return `${parts.join("\n\n")}\n`;
}
