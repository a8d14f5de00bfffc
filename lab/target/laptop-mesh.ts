import { spawn } from "node:child_process";

import { connectControl, type Control } from "../mesh/control";
import { keysOf } from "../mesh/rules";
import { environmentFailure } from "../run/failure";
import { findProject, stateFolder } from "../run/project";
import { requireRunning } from "../run/state";
import { type Caller, startCaller } from "./caller";
import { callerProgramText } from "./caller-program";
import { keep } from "./kept";
import { readRule } from "./rules";
import { type MeshTarget, type RuleSource } from "./target";

/** The commands of the mesh that runs here. Fails with the fix where none runs, or one without a mesh. */
export function openControl(state: string = stateFolder()): Control {
  const { control } = requireRunning(state);
  if (control !== undefined) return connectControl(control);
  throw environmentFailure("mesh.none", "the running system has no mesh", "start it again without --no-mesh");
}

/** The mesh of this machine, run by `./symphony up` or by a test. */
export function openLaptopTarget(state: string = stateFolder()): MeshTarget {
  const control = openControl(state);
  const { url } = requireRunning(state);
  const callers = keep<Caller>();

  async function textOf(rule: RuleSource): Promise<{ path: string; text: string }> {
    const text = await readRule(rule);
    return { path: "file" in rule ? rule.file : (keysOf(text)[0] ?? "a rule"), text };
  }

  return {
    kind: "laptop",
    async apply(rule) {
      await control.applyRule(await textOf(rule));
    },
    async remove(rule) {
      await control.removeRule(await textOf(rule));
    },
    async call(caller, call, options = {}) {
      const { replica } = options;
      const { to } = await control.route({ caller, to: call.to, ...(replica !== undefined && { replica }) });
      // A process per caller: connections are kept, as those of a pod are, and not shared with another one.
      const program = await callers.get(`${caller} ${replica ?? ""}`, () =>
        Promise.resolve(startHere(caller)),
      );
      return program.call({ ...call, to }, options);
    },
    stats: (workload, filter) =>
      control.stats({ workload, ...(filter !== undefined && { filter: filter.source }) }),
    replicas: (workload) => control.replicas({ workload }),
    kill: ({ name }) => control.kill({ name }),
    scale: (service, replicas) => control.scale({ service, replicas }),
    label: ({ name }, key, value) => control.label({ name, key, ...(value !== undefined && { value }) }),
    startStranger: (stranger) => control.startStranger(stranger),
    async stopStranger(name) {
      callers.stop((key) => key.startsWith(`${name} `));
      await control.stopStranger({ name });
    },
    ingressUrl: () => Promise.resolve(url.replace("localhost", "127.0.0.1")),
    close() {
      callers.stop();
      return Promise.resolve();
    },
  };
}

/** The same program that calls from within a pod; the route to the callee is another. */
function startHere(caller: string): Caller {
  const args = ["--max-old-space-size=64", "-e", callerProgramText];
  const child = spawn(process.execPath, args, { cwd: findProject(), stdio: "pipe" });
  child.stdin.on("error", () => undefined);
  return startCaller(child, caller);
}
