import { type Identity } from "../model/common";
import { type Gateway } from "../model/routing";
import { type Field } from "../source/field";

/** Reads a Gateway: which hosts come in, and at which port. Only plain HTTP is served on a laptop. */
export function readGateway(identity: Identity, spec: Field): Gateway {
  const servers = spec.list("servers").map((server) => {
    const port = server.get("port");
    if (port === undefined) server.refuse("port is missing");
    const protocol = port?.text("protocol") ?? "";
    port?.text("name");
    if (protocol.toUpperCase() !== "HTTP")
      (port?.get("protocol") ?? server).refuse(
        `${protocol} is not supported by the mesh on a laptop; allowed: HTTP`,
      );
    return {
      port: port?.within("number", [1, 65535]) ?? 0,
      hosts: server.list("hosts").map((host) => readHost(host)),
      origin: server.origin,
    };
  });
  if (servers.length === 0) spec.refuse("servers is missing");
  return { ...identity, selector: spec.textMap("selector"), servers };
}

/** A namespace before the host (`shop/example.com`) names whose VirtualServices may bind; only `*` is supported. */
function readHost(field: Field): string {
  const [namespace, host] = field.asText().includes("/") ? field.asText().split("/") : ["*", field.asText()];
  if (namespace !== "*")
    field.refuse("a host of one namespace alone is not supported by the mesh on a laptop");
  return (host ?? "").toLowerCase();
}
