import { type Json } from "../types";
import { type Identity, type Labels, type Origin } from "./common";

export type Telemetry = Identity & {
  selector: Labels | undefined;
  tracing:
    | {
        providers: string[];
        disabled: boolean | undefined;
        randomSamplingPercentage: number | undefined;
        customTags: Record<
          string,
          { literal: string } | { header: string; defaultValue: string | undefined }
        >;
      }
    | undefined;
};

export type EnvoyFilter = Identity & {
  selector: Labels | undefined;
  priority: number;
  patches: FilterPatch[];
};

export type FilterPatch = {
  origin: Origin;
  level: "http" | "network";
  context: PatchContext | "ANY";
  listener: { name: string | undefined; port: number | undefined };
  chain: {
    name: string | undefined;
    transportProtocol: string | undefined;
    destinationPort: number | undefined;
  };
  filter: string | undefined;
  subFilter: string | undefined;
  operation: "INSERT_BEFORE" | "INSERT_AFTER" | "INSERT_FIRST" | "ADD" | "MERGE" | "REPLACE" | "REMOVE";
  value: { [key: string]: Json };
};

export type PatchContext = "SIDECAR_INBOUND" | "SIDECAR_OUTBOUND" | "GATEWAY";
