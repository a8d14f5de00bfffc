import { type Protocol } from "../model/mesh";
import { type MutualTlsMode } from "../model/security";
import { type Json } from "../types";

/** How a connection comes in, and whether it is the mesh's own TLS that ends here. */
export type ChainKind = { match: { [key: string]: Json }; terminatesTls: boolean };

/** What sidecars announce in their handshakes, and nobody else does. */
const meshProtocols = ["istio", "istio-peer-exchange", "istio-http/1.0", "istio-http/1.1", "istio-h2"];

const mutual: ChainKind = { match: { transport_protocol: "tls" }, terminatesTls: true };
const plain: ChainKind = { match: { transport_protocol: "raw_buffer" }, terminatesTls: false };
const mutualAmongOthers: ChainKind = {
  match: { transport_protocol: "tls", application_protocols: meshProtocols },
  terminatesTls: true,
};
/** TLS that is the application's own. */
const foreign: ChainKind = { match: { transport_protocol: "tls" }, terminatesTls: false };

/** The filter chains of an inbound port: which connections it takes. */
export function chainsFor(mode: MutualTlsMode, protocol: Protocol): ChainKind[] {
  switch (mode) {
    case "STRICT":
      return [mutual];
    case "DISABLE":
      return [plain];
    case "PERMISSIVE":
      return protocol === "tcp" ? [mutualAmongOthers, foreign, plain] : [mutualAmongOthers, plain];
  }
}
