import { defaultLeaseMs } from "../mesh/leases";
import { type Faults } from "./fault-control";
import { openControl } from "./laptop-mesh";

/** Faults on this machine: the process that runs the mesh keeps them, and ends each when its time is over. */
export function openLaptopFaults(): Faults {
  const control = openControl();
  return {
    active: () => control.activeFaults(),
    apply: ({ name }, { forMs = defaultLeaseMs } = {}) => control.applyFault({ name, forMs }),
    clear: ({ name }) => control.clearFault({ name }),
    status: (question) => control.faultStatus(question),
    close: () => Promise.resolve(),
  };
}
