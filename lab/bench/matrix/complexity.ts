import { readFileSync } from "node:fs";
import { join } from "node:path";

import { events } from "../../../lib/events";
import { findProject } from "../../run/project";
import { topology } from "../../run/topology";
import { type Subject } from "./subjects";

const participants = ["inventory", "payment", "shipping"];
const eventLibrary = [
  ...["bus", "publisher", "pull", "consumer", "inbox", "outbox", "outbox-store", "relay", "envelope"],
  ...["subscription", "dead-letters"],
].map((name) => `lib/${name}.ts`);
const taking = ["services/order/place.ts", "services/order/idempotency.ts", "services/order/order.ts"];
const calling = ["services/order/calls.ts", "services/order/peers.ts"];
const reacting = [
  ...["services/order/events.ts", "services/order/record.ts", "services/order/quotes.ts"],
  ...participants.map((service) => `services/${service}/events.ts`),
];

/** The files that implement each pattern: what one would have to write to have it, and it alone. */
export const implementation: Record<Subject, string[]> = {
  rest: [
    ...taking,
    ...calling,
    "lib/http-client.ts",
    ...participants.map((name) => `services/${name}/app.ts`),
  ],
  grpc: [
    ...taking,
    ...calling,
    ...["client", "server", "definition", "step"].map((part) => `lib/grpc-${part}.ts`),
    ...participants.flatMap((name) => [
      `services/${name}/grpc.ts`,
      `proto/symphony/${name}/v1/${name}.proto`,
    ]),
  ],
  events: [...taking, ...reacting, ...eventLibrary],
  saga: [...taking, ...reacting, ...eventLibrary, "services/order/watchdog.ts"],
  gateway: ["services/gateway/details.ts", "lib/http-client.ts"],
};

/** Lines of code: neither blank nor only a comment. */
export function codeLines(text: string): number {
  const withoutBlocks = text.replace(/\/\*[\s\S]*?\*\//g, "");
  return withoutBlocks.split("\n").filter((line) => /^\s*[^\s/]|^\s*\/[^/]/.test(line)).length;
}

/** How many lines of code implement a pattern. Throws where a file is gone. */
export function linesOf(subject: Subject, project: string = findProject()): number {
  return implementation[subject].reduce(
    (sum, path) => sum + codeLines(readFileSync(join(project, path), "utf8")),
    0,
  );
}

/**
 * The services that an order or a view needs. Synchronously: the order service and whom it calls, or the gateway and
 * the services that it was seen to call for one view. By events: whoever produces one, as those steps make the order.
 */
export function servicesOf(subject: Subject, calls: number): number {
  if (subject === "gateway") return 1 + Math.round(calls);
  if (subject === "events" || subject === "saga")
    return new Set(Object.values(events).map(({ producer }) => producer)).size;
  const protocol = subject === "grpc" ? "grpc" : "http";
  const callees = Object.values(topology.order.peers).filter((peer) => peer.protocol === protocol);
  // Of user it only ever asks the keys.
  return 1 + new Set(callees.map(({ service }) => service).filter((service) => service !== "user")).size;
}
