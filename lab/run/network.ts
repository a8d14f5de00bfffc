import type { Processes } from "./processes";
import type { FindPeer, Instance } from "./topology";

/** How the services reach each other and users reach them: through a mesh, or straight. */
export type Network = {
  /** The way in. */
  readonly url: string;
  readonly instances: readonly Instance[];
  readonly findPeer: FindPeer;
  /** What is added to the environment of a process. */
  surroundings(instance: Instance): Record<string, string>;
  /** Starts what has to stand before the services do. */
  start(processes: Processes): Promise<void>;
  /** Ends what is no process; after the processes have stopped. */
  stop(): Promise<void>;
};
