import { type FaultReading, type ObservedRate } from "./fault-rate";
import { type Fault } from "./faults";

export type ActiveFault = {
  name: string;
  since: string;
  /** When it ends by itself, where it does. */
  until?: string;
  /** The counters when it was applied; undefined where it was applied by something else, such as kubectl. */
  before: FaultReading | undefined;
};

export type FaultStatus = {
  fault: Fault;
  since: string;
  /** Until it ends by itself, where it does. */
  secondsLeft?: number;
  observed: ObservedRate;
  /** Whether the rate is of the whole time since it was applied, or of the moments just looked at. */
  whole: boolean;
  replicas: string[];
};

/** The faults of mesh/faults on a running system. */
export type Faults = {
  active(): Promise<ActiveFault[]>;
  /** Tells the replica that was marked for it, where it hits only one, and when it ends by itself, where it does. */
  apply(fault: Fault, options?: { forMs?: number }): Promise<{ replica: string | undefined; until?: string }>;
  clear(fault: Fault): Promise<void>;
  /** Of the active ones, or of one. With `sampleMs` the rate of that long from now, else since it was applied. */
  status(options: { name?: string; sampleMs?: number }): Promise<FaultStatus[]>;
  close(): Promise<void>;
};
