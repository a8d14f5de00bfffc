import { type Identity } from "../model/common";
import { type MutualTlsMode, type PeerAuthentication } from "../model/security";
import { type Field } from "../source/field";
import { readSelector } from "./selector";

/** Reads a PeerAuthentication: which connections a workload takes. */
export function readPeerAuthentication(identity: Identity, spec: Field): PeerAuthentication {
  const selector = readSelector(spec);
  const ports = spec.entries("portLevelMtls").map(([port, field]): [number, MutualTlsMode | undefined] => {
    const number = Number(port);
    if (!Number.isInteger(number) || number < 1 || number > 65535) field.refuse("a port from 1 to 65535");
    return [number, readMode(field)];
  });
  if (selector === undefined && ports.length > 0)
    spec.get("portLevelMtls")?.refuse("ports may only be named beside a selector with labels");
  const mtls = spec.get("mtls");
  return { ...identity, selector, mode: mtls && readMode(mtls), ports: new Map(ports) };
}

/** UNSET leaves it to the policy around this one. */
function readMode(field: Field): MutualTlsMode | undefined {
  const mode = field.text("mode");
  return mode === undefined || mode === "UNSET" ? undefined : (mode as MutualTlsMode);
}
