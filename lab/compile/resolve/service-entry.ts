import { isIP } from "node:net";

import { type Identity } from "../model/common";
import { type Protocol, type Service, type ServiceEndpoint, type ServicePort } from "../model/mesh";
import { type Field } from "../source/field";
import { type Registry } from "./registry";
import { readExportTo } from "./virtual-service";

const protocols: Record<string, Protocol> = {
  HTTP: "http",
  HTTP2: "grpc",
  GRPC: "grpc",
  TCP: "tcp",
  TLS: "tcp",
  HTTPS: "tcp",
  MONGO: "tcp",
};

/** Reads a ServiceEntry, and makes its hosts known to the registry. */
export function readServiceEntry(
  identity: Identity,
  spec: Field,
  registry: Registry,
): Identity & { hosts: string[] } {
  readExportTo(spec);
  const location = spec.text("location") ?? "MESH_EXTERNAL";
  if (location !== "MESH_EXTERNAL")
    spec
      .get("location")
      ?.refuse(`${location} is not supported by the mesh on a laptop; allowed: MESH_EXTERNAL`);
  const resolution = spec.text("resolution") ?? "NONE";
  if (resolution !== "STATIC" && resolution !== "DNS")
    (spec.get("resolution") ?? spec).refuse(
      `${resolution} needs the traffic of a pod to be intercepted, which a laptop does not; allowed: STATIC, DNS`,
    );
  const entry = { origin: spec.origin, resolution: resolution === "STATIC" ? resolution : "DNS" } as const;
  const ports = spec.list("ports").map(readPort);
  if (ports.length === 0) spec.refuse("ports is missing");
  const hosts = spec.list("hosts").map((field) => {
    const host = field.asText().toLowerCase();
    if (host.includes("*")) field.refuse("a host with * is not supported by the mesh on a laptop");
    if (registry.services.has(host)) field.refuse(`${host} is known already; a host has one owner`);
    else registry.services.set(host, toService(identity, { host, ports, entry }, spec));
    return host;
  });
  if (hosts.length === 0) spec.refuse("hosts is missing");
  return { ...identity, hosts };
}

type EntryPort = ServicePort & { name: string; targetPort: number };

function readPort(field: Field): EntryPort {
  const number = field.within("number", [1, 65535]) ?? 0;
  const protocol = protocols[(field.text("protocol") ?? "TCP").toUpperCase()];
  if (protocol === undefined) field.get("protocol")?.refuse(`allowed: ${Object.keys(protocols).join(", ")}`);
  return {
    name: field.text("name") ?? "",
    number,
    targetPort: field.within("targetPort", [1, 65535]) ?? number,
    protocol: protocol ?? "tcp",
  };
}

function toService(
  { namespace }: Identity,
  { host, ports, entry }: { host: string; ports: EntryPort[]; entry: NonNullable<Service["entry"]> },
  spec: Field,
): Service {
  const endpoints = spec.list("endpoints").map((field) => readEndpoint(field, ports, entry.resolution));
  const itself: ServiceEndpoint = {
    workload: undefined,
    labels: {},
    identity: undefined,
    addresses: new Map(ports.map(({ number, targetPort }) => [number, { host, port: targetPort }])),
    weight: 1,
  };
  if (endpoints.length === 0 && entry.resolution === "STATIC")
    spec.refuse("endpoints is missing, which STATIC needs");
  return {
    host,
    namespace,
    ports: ports.map(({ number, protocol }) => ({ number, protocol })),
    endpoints: endpoints.length > 0 ? endpoints : [itself],
    meshed: false,
    entry,
  };
}

function readEndpoint(field: Field, ports: EntryPort[], resolution: "STATIC" | "DNS"): ServiceEndpoint {
  const address = field.text("address") ?? "";
  if (address === "" || (resolution === "STATIC" && isIP(address) === 0))
    field.refuse(resolution === "STATIC" ? "address must be an IP address" : "address is missing");
  const own = new Map(
    field.entries("ports").map(([name]) => [name, field.get("ports")?.within(name, [1, 65535])]),
  );
  return {
    workload: undefined,
    labels: field.textMap("labels"),
    identity: undefined,
    addresses: new Map(
      ports.map(({ number, name, targetPort }) => [
        number,
        { host: address, port: own.get(name) ?? targetPort },
      ]),
    ),
    weight: field.number("weight") ?? 1,
  };
}
