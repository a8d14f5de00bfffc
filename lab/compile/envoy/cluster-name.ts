import { type Target } from "../model/routing";

/** `outbound|8080|canary|inventory.symphony.svc.cluster.local`, as Istio names clusters. */
export const outboundCluster = ({ host, subset, port }: Target): string =>
  `outbound|${String(port)}|${subset ?? ""}|${host}`;

/** `inbound|8080||`. */
export const inboundCluster = (port: number): string => `inbound|${String(port)}||`;

/** The server name that a caller asks for in its handshake. */
export const serverName = ({ host, subset, port }: Target): string =>
  `outbound_.${String(port)}_.${subset ?? ""}_.${host}`;
