import { Failure } from "../run/failure";
import { createServiceForwards } from "../run/forwards";
import { stateFolder } from "../run/project";
import { loadSecrets } from "../run/secrets";
import { requireRunning } from "../run/state";
import { type System } from "./system";

/** The system that `./symphony up`, or a test, runs on this machine. Fails with the fix where nothing runs. */
export function openLaptopSystem(folder: string = stateFolder()): System {
  const state = requireRunning(folder);
  const forwards = createServiceForwards((service) =>
    state.processes.flatMap((entry) =>
      entry.service === service && entry.address !== undefined ? [entry.address] : [],
    ),
  );
  return {
    target: "laptop",
    url: () => Promise.resolve(state.url),
    serviceUrl: (service) => forwards.open(service),
    admin: async () => (await loadSecrets(folder)).admin,
    demo: async () => (await loadSecrets(folder)).demo,
    natsUrl() {
      if (state.natsUrl !== undefined) return Promise.resolve(state.natsUrl);
      return Promise.reject(new Failure("run.no_broker", "the running system has no broker of its own"));
    },
    databaseUrls: () => Promise.resolve(state.databaseUrls),
    close: () => forwards.close(),
  };
}
