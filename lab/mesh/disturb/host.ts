import { type SidecarStats } from "../../target/target";
import { type Certificates } from "../certificates";
import { type LiveFaults } from "../live-faults";
import { type LiveRules } from "../live-rules";
import { type Mesh } from "../mesh";
import { type LiveReplicas, type Runner } from "../replicas";

/** What disturbances need of the process that runs a system. */
export type Host = {
  runner: Runner;
  mesh: Mesh;
  replicas: LiveReplicas;
  rules: LiveRules;
  faults: LiveFaults;
  certificates: Certificates;
  stats(workload: string, filter: string): Promise<SidecarStats[]>;
};
