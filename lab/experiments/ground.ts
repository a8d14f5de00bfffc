import { type ServiceName } from "../../lib/events";
import { type Disturbance, type Evidence } from "../mesh/disturb/disturbance";
import { type System, type TargetName } from "../target/system";
import { type SidecarStats, type Workload } from "../target/target";

/** A system that an experiment may break, with what it takes to do that and to look at the effect. */
export type Ground = {
  readonly target: TargetName;
  /** For people: which system, and whose. */
  readonly description: string;
  /** The folder of its state, of a system on this machine. */
  readonly state?: string;
  readonly system: System;
  /** Why this target cannot do something; undefined where it can. */
  lacks(disturbance: Disturbance): string | undefined;
  /** Refuses while another experiment runs. What is not renewed within `leaseMs` is healed by the target, where it can. */
  begin(title: string, leaseMs: number): Promise<void>;
  renew(): Promise<void>;
  disturb(disturbance: Disturbance): Promise<{ step: number; detail: string }>;
  observe(step: number): Promise<Evidence>;
  heal(step: number): Promise<void>;
  /** Heals what is still in force, the last first, and lets others experiment. Returns what it healed. */
  end(): Promise<string[]>;
  /** Whether everything runs; in words what does not. */
  readiness(): Promise<{ ready: boolean; detail: string }>;
  activeFaults(): Promise<string[]>;
  readyReplicas(service: ServiceName): Promise<number>;
  stats(workload: Workload, filter: RegExp): Promise<SidecarStats[]>;
  /** Ends what it opened; a private system with it. */
  close(): Promise<void>;
};
