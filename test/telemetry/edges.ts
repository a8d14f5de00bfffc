import { type Span } from "../../lab/telemetry/span";
import { type Pattern } from "../../lib/events";
import { edgesOf, withoutProxies } from "../support/traces";
import { waitFor } from "../support/wait-for";

export type Outcome = "ok" | "declined" | "no stock";

/** `service kind name > service kind name`: a parent and its child. */
export type Edge = string;

const asked = (status: number): Edge[] => [
  "gateway server POST /api/orders > gateway client POST /orders",
  `gateway client POST /orders > order server POST /orders`,
  ...(status < 400 ? ["order server POST /orders > order client COMMIT"] : []),
];

/** An event: what publishes it and who takes it, below the span in which it was enqueued. */
const told = (cause: string, event: string, consumers: string[]): Edge[] => {
  const publisher = `${cause.split(" ")[0] ?? ""} producer publish ${event}`;
  return [
    `${cause} > ${publisher}`,
    ...consumers.map((service) => `${publisher} > ${service} consumer process ${event}`),
  ];
};

const handles = (service: string, event: string): string => `${service} consumer process ${event}`;

const takes = "order server POST /orders";
const reserved = [
  ...told(takes, "order.saga-started", ["inventory", "audit"]),
  ...told(handles("inventory", "order.saga-started"), "inventory.reserved", ["payment", "order", "audit"]),
  "inventory consumer process order.saga-started > inventory client COMMIT",
];
const charged = told(handles("payment", "inventory.reserved"), "payment.processed", ["shipping", "order"]);
const shipped = told(handles("shipping", "payment.processed"), "shipping.scheduled", ["order", "audit"]);

const callOf = (method: string, path: string, service: string): Edge[] => [
  `order server POST /orders > order client ${method} ${path}`,
  `order client ${method} ${path} > ${service} server ${method} ${path.replace("{id}", service === "inventory" && method === "GET" ? ":productId" : ":orderId")}`,
];
const rpcOf = (service: string, name: string, method: string): Edge[] => {
  const rpc = `symphony.${service}.v1.${name}/${method}`;
  return [
    `order server POST /orders > order client ${rpc}`,
    `order client ${rpc} > ${service} server ${rpc}`,
  ];
};

const rest = {
  reserve: callOf("POST", "/reservations", "inventory"),
  charge: callOf("POST", "/payments", "payment"),
  ship: callOf("POST", "/shipments", "shipping"),
  release: callOf("POST", "/reservations/{id}/release", "inventory"),
};
const grpc = {
  check: rpcOf("inventory", "InventoryService", "CheckAvailability"),
  reserve: rpcOf("inventory", "InventoryService", "ReserveInventory"),
  charge: rpcOf("payment", "PaymentService", "Charge"),
  ship: rpcOf("shipping", "ShippingService", "ScheduleShipment"),
  release: rpcOf("inventory", "InventoryService", "ReleaseInventory"),
};

/** What a trace must hold, per pattern and outcome. It may hold more. */
export const expectedEdges: { pattern: Pattern; outcome: Outcome; edges: Edge[] }[] = [
  {
    pattern: "saga",
    outcome: "ok",
    edges: [
      ...asked(202),
      ...reserved,
      ...charged,
      ...shipped,
      ...told(handles("order", "shipping.scheduled"), "saga.completed", [
        "notification",
        "analytics",
        "audit",
      ]),
    ],
  },
  {
    pattern: "saga",
    outcome: "declined",
    edges: [
      ...asked(202),
      ...reserved,
      ...told(handles("payment", "inventory.reserved"), "payment.failed", ["inventory", "order", "audit"]),
      ...told(handles("inventory", "payment.failed"), "inventory.released", ["order", "audit"]),
      ...told(handles("order", "inventory.released"), "saga.failed", ["notification", "analytics", "audit"]),
    ],
  },
  {
    pattern: "saga",
    outcome: "no stock",
    edges: [
      ...asked(202),
      ...told(takes, "order.saga-started", ["inventory", "audit"]),
      ...told(handles("inventory", "order.saga-started"), "inventory.reservation-failed", ["order", "audit"]),
      ...told(handles("order", "inventory.reservation-failed"), "saga.failed", ["notification", "audit"]),
    ],
  },
  {
    pattern: "events",
    outcome: "ok",
    edges: [
      ...asked(202),
      ...told(takes, "order.created", ["inventory", "audit", "analytics"]),
      ...told(handles("inventory", "order.created"), "inventory.reserved", ["payment", "order"]),
      ...charged,
      ...shipped,
    ],
  },
  {
    pattern: "events",
    outcome: "declined",
    edges: [
      ...asked(202),
      ...told(takes, "order.created", ["inventory"]),
      ...told(handles("payment", "inventory.reserved"), "payment.failed", ["order", "audit"]),
    ],
  },
  {
    pattern: "events",
    outcome: "no stock",
    edges: [
      ...asked(202),
      ...told(handles("inventory", "order.created"), "inventory.reservation-failed", ["order", "audit"]),
    ],
  },
  {
    pattern: "rest",
    outcome: "ok",
    edges: [
      ...asked(201),
      ...rest.reserve,
      ...rest.charge,
      ...rest.ship,
      ...told(takes, "order.created", ["audit", "analytics"]),
      ...told("inventory server POST /reservations", "inventory.reserved", ["audit"]),
      "payment server POST /payments > payment client INSERT payments",
    ],
  },
  {
    pattern: "rest",
    outcome: "declined",
    edges: [...asked(402), ...rest.reserve, ...rest.charge, ...rest.release],
  },
  {
    pattern: "rest",
    outcome: "no stock",
    edges: [...asked(409), ...callOf("GET", "/inventory/{id}", "inventory")],
  },
  {
    pattern: "grpc",
    outcome: "ok",
    edges: [...asked(201), ...grpc.check, ...grpc.reserve, ...grpc.charge, ...grpc.ship],
  },
  {
    pattern: "grpc",
    outcome: "declined",
    edges: [...asked(402), ...grpc.check, ...grpc.reserve, ...grpc.charge, ...grpc.release],
  },
  { pattern: "grpc", outcome: "no stock", edges: [...asked(409), ...grpc.check] },
];

const call = /^(\S+) client (.+) > (\S+) server .+$/;

/**
 * What lies between caller and callee where there is a mesh: the caller's sidecar takes the request, sends it, and the
 * callee's sidecar hands it on. Edges within a service and those of events are not among them.
 */
function meshEdges(edges: readonly Edge[]): Edge[] {
  const entry = "gateway:8080/*";
  return [
    ...edges.flatMap((edge) => {
      const [, caller, name = "", callee] = call.exec(edge) ?? [];
      if (caller === undefined || callee === undefined) return [];
      const [parent = "", child = ""] = edge.split(" > ");
      const port = name.startsWith("symphony.") ? 9090 : 8080;
      // The operation is the path of the route in mesh/base that was taken.
      const path = / \/reservations/.test(name) ? "/reservations*" : "/*";
      const operation = `${callee}:${String(port)}${path}`;
      const sent = `${caller} sidecar client attempt 1 to ${callee}:${String(port)}`;
      return [
        `${parent} > ${caller} sidecar server ${operation}`,
        `${caller} sidecar server ${operation} > ${sent}`,
        `${sent} > ${callee} sidecar server ${operation}`,
        `${callee} sidecar server ${operation} > ${child}`,
      ];
    }),
    `ingress server ${entry} > ingress client attempt 1 to gateway:8080`,
    `ingress client attempt 1 to gateway:8080 > gateway sidecar server ${entry}`,
    `gateway sidecar server ${entry} > gateway server POST /api/orders`,
  ];
}

/**
 * Waits until the trace that `read` gives has all of `edges`, and fails with those that it has not. Where there is a
 * `mesh`, it must have what lies between caller and callee too.
 */
export async function expectEdges(
  edges: readonly Edge[],
  read: () => Promise<Span[]>,
  { mesh }: { mesh: boolean },
): Promise<void> {
  let missing = [...edges];
  await waitFor(
    async () => {
      const spans = await read();
      const direct = new Set(edgesOf(withoutProxies(spans)));
      const hops = new Set(edgesOf(spans));
      missing = [
        ...edges.filter((edge) => !direct.has(edge)),
        ...(mesh ? meshEdges(edges).filter((edge) => !hops.has(edge)) : []),
      ];
      return missing.length === 0;
    },
    { timeoutMs: 60_000, what: "the whole trace" },
  ).catch(() => undefined);
  expect(missing).toEqual([]);
}
