import { type ServiceName } from "../../../lib/events";

/** What an experiment can break besides services. */
export type Victim = ServiceName | "broker" | "database";

/** What runs where no service does: the name of its process on a laptop, and of its pods on a cluster. */
export const platformNames: Partial<Record<Victim, string>> = { broker: "nats", database: "postgres" };

/** Whether it is a service, rather than something of the platform. */
export const isService = (victim: Victim): victim is ServiceName => platformNames[victim] === undefined;

/** Something that an experiment does to a system; each is healed by whoever did it, or when its session ends. */
export type Disturbance =
  /** A file of mesh/faults. */
  | { kind: "fault"; name: string }
  /** Istio YAML. `stats` match what its filters count at `service`: calls that it looked at, and those that it hit. */
  | {
      kind: "rule";
      path: string;
      text: string;
      counted?: { service: ServiceName; of: string; hit: string; percent: number };
    }
  /** SIGKILL; whoever watches over it starts it again. */
  | { kind: "kill"; victim: Victim; replica?: number }
  /** Killed, and not started again. */
  | { kind: "hold"; victim: Victim; replica?: number }
  /** SIGSTOP: it keeps its connections and answers nobody. */
  | { kind: "pause"; victim: Victim; replica?: number }
  /** Every replica anew, one after the other. */
  | { kind: "roll"; victim: Victim; drain: boolean }
  | { kind: "scale"; service: ServiceName; replicas: number }
  /** Other environment variables, for which every replica is started anew. */
  | { kind: "configure"; service: ServiceName; set: Record<string, string> }
  /** The wall clock that the processes of a service see, off by so much. */
  | { kind: "clock"; service: ServiceName; byMs: number }
  /** A certificate that ends after `lifeMs`; then the sidecar starts anew, so that every connection is a new one. */
  | { kind: "certificate"; service: ServiceName; lifeMs: number; renew: boolean }
  /** Each commit waits so long before it is flushed. */
  | { kind: "slow-disk"; delayMs: number }
  /** The stream of dead letters refuses every message. */
  | { kind: "no-dead-letters" }
  /** The broker starts anew without its data. */
  | { kind: "wipe-broker" };

export type DisturbanceKind = Disturbance["kind"];

/** What was seen of a disturbance's effect. */
export type Evidence = {
  seen: boolean;
  /** In words, with the numbers. */
  detail: string;
  /** Of what is counted: what it could have hit, what it hit, and the share that is configured. */
  of?: number;
  hit?: number;
  configuredPercent?: number;
};

/** A disturbance that is in force. */
export type Disturbed = {
  /** What was done, in words. */
  detail: string;
  observe(): Promise<Evidence>;
  /** Undoes it. What ends by itself has nothing to undo. */
  heal(): Promise<void>;
};
