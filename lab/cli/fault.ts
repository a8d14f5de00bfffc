import { Command } from "commander";

import { exitCodes, Failure } from "../run/failure";
import { confirmContext } from "../target/confirm";
import { type Faults, type FaultStatus } from "../target/fault-control";
import { describeEffect, type Fault, findFault, readFaults } from "../target/faults";
import { openKubeTarget } from "../target/kube";
import { createKubeFaults } from "../target/kube-faults";
import { openKubectl } from "../target/kubectl";
import { openLaptopFaults } from "../target/laptop-faults";
import { targetName } from "../target/system";
import { note, painter, print, printJson } from "./terminal";
import { parseDuration } from "./values";

type Json = { json?: boolean };

export function faultCommand(): Command {
  const fault = new Command("fault").description("break the mesh on purpose, and see what it does");
  fault
    .command("list")
    .description(
      "every fault of mesh/faults: what it does, whom it hits, what to expect, whether it is active",
    )
    .option("--json", "print JSON")
    .action(list);
  fault
    .command("apply")
    .description("put a fault in force; returns when the sidecars have it")
    .argument("<name>", "its name in the list")
    .option(
      "--for <duration>",
      "how long: on this machine it ends by itself then (default: 10m); on a cluster the command stays, and clears it then or at Ctrl-C",
      parseDuration,
    )
    .option("--json", "print JSON")
    .action(apply);
  fault
    .command("clear")
    .description("take faults back; returns when the sidecars have forgotten them")
    .argument("[name...]", "their names in the list")
    .option("--all", "every active fault")
    .option("--json", "print JSON")
    .action(clear);
  fault
    .command("status")
    .description("the active faults: the rate that is configured, and the one that the sidecars count")
    .argument("[name]", "only this one")
    .option("--for <duration>", "count so long from now, rather than since it was applied", parseDuration)
    .option("--json", "print JSON")
    .action(status);
  return fault;
}

async function withFaults<T>(
  options: { changes: boolean },
  work: (faults: Faults) => Promise<T>,
): Promise<T> {
  const faults = await openFaults(options);
  try {
    return await work(faults);
  } finally {
    await faults.close();
  }
}

async function openFaults({ changes }: { changes: boolean }): Promise<Faults> {
  if (targetName() === "laptop") return openLaptopFaults();
  const kubectl = await openKubectl();
  if (changes) await confirmContext(kubectl.context);
  return createKubeFaults(kubectl, await openKubeTarget({ kubectl }));
}

async function list(options: Json): Promise<void> {
  await withFaults({ changes: false }, async (faults) => {
    const active = new Map((await faults.active()).map((entry) => [entry.name, entry.since]));
    const known = (await readFaults()).map((fault) => ({ ...toJson(fault), since: active.get(fault.name) }));
    if (options.json === true) {
      printJson(known.map(({ since, ...fault }) => ({ ...fault, active: since !== undefined, since })));
      return;
    }
    const paint = painter(process.stdout);
    for (const fault of known) {
      const mark = fault.since === undefined ? "" : paint("red", `  active since ${fault.since}`);
      print(`${paint("bold", fault.name)}${mark}`);
      print(`  ${fault.summary}`);
      print(paint("dim", `  hits      ${fault.blastRadius}`));
      print(paint("dim", `  expect    ${fault.symptom}`));
    }
  });
}

async function apply(name: string, options: Json & { for?: number }): Promise<void> {
  const fault = await findFault(name);
  await withFaults({ changes: true }, async (faults) => {
    const lease = options.for === undefined ? {} : { forMs: options.for };
    const { replica, until } = await faults.apply(fault, lease);
    // What ends by itself needs nobody to wait for it.
    const stayMs = until === undefined ? options.for : undefined;
    if (options.json === true && stayMs === undefined) printJson({ ...toJson(fault), replica, until });
    else announce(fault, replica, until);
    if (stayMs === undefined) return;
    const interrupted = await pauseOrInterrupt(stayMs);
    const [seen] = await faults.status({ name: fault.name }).catch(() => []);
    await faults.clear(fault);
    if (options.json === true) printJson({ ...toJson(fault), replica, observed: seen?.observed });
    else note(`${fault.name} is cleared${seen === undefined ? "" : `; it hit ${observedText(seen)}`}`);
    if (interrupted) process.exitCode = exitCodes.interrupted;
  });
}

function announce(fault: Fault, replica: string | undefined, until: string | undefined): void {
  note(`${fault.name} is in force: ${describeEffect(fault.effect)} to ${replica ?? fault.workload}`);
  if (until !== undefined) note(`until ${until}, or ./symphony fault clear ${fault.name}`);
  note(`expect: ${fault.symptom}`);
}

function pauseOrInterrupt(ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const onSignal = (): void => {
      clearTimeout(timer);
      resolve(true);
    };
    const timer = setTimeout(() => {
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, onSignal);
      resolve(false);
    }, ms);
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, onSignal);
  });
}

async function clear(names: string[], options: Json & { all?: boolean }): Promise<void> {
  if (options.all !== true && names.length === 0)
    throw new Failure("usage.fault_clear", "say which: one or more names, or --all", {
      fix: "see ./symphony fault list",
      exitCode: exitCodes.usage,
    });
  await withFaults({ changes: true }, async (faults) => {
    const active = new Set((await faults.active()).map(({ name }) => name));
    const wanted =
      options.all === true
        ? (await readFaults()).filter(({ name }) => active.has(name))
        : await Promise.all(names.map(findFault));
    for (const fault of wanted) await faults.clear(fault);
    const cleared = wanted.map(({ name }) => name).filter((name) => active.has(name));
    if (options.json === true) printJson({ cleared });
    else note(cleared.length === 0 ? "no such fault was active" : `cleared ${cleared.join(", ")}`);
  });
}

async function status(name: string | undefined, options: Json & { for?: number }): Promise<void> {
  if (name !== undefined) await findFault(name);
  await withFaults({ changes: false }, async (faults) => {
    const found = await faults.status({
      ...(name !== undefined && { name }),
      ...(options.for !== undefined && { sampleMs: options.for }),
    });
    if (options.json === true) {
      printJson(found.map(({ fault, ...rest }) => ({ ...toJson(fault), ...rest })));
      return;
    }
    if (found.length === 0) note(name === undefined ? "no fault is active" : `${name} is not active`);
    const paint = painter(process.stdout);
    for (const entry of found) {
      print(`${paint("bold", entry.fault.name)}  on ${entry.replicas.join(", ")}`);
      print(`  configured  ${describeEffect(entry.fault.effect)}`);
      print(`  observed    ${observedText(entry)}`);
      if (entry.secondsLeft !== undefined) print(`  ends in     ${String(entry.secondsLeft)} s`);
      print(`  hits        ${entry.fault.blastRadius}`);
      print(`  expect      ${entry.fault.symptom}`);
    }
  });
}

function observedText({ fault, observed, whole, since }: FaultStatus): string {
  const unit = fault.effect.kind === "reset" ? "connections" : "calls";
  const span = whole ? `since ${since}` : "in the moments just counted";
  if (observed.percent === undefined) return `no ${unit} ${span}`;
  // The sidecar counts all calls: of how many a condition was true it does not tell.
  const all =
    fault.effect.only !== undefined
      ? ", those without the condition included"
      : fault.effect.percent === 100 && observed.hit < observed.calls
        ? ", the last ones of connections from before included"
        : "";
  return `${String(observed.percent)} %: ${String(observed.hit)} of ${String(observed.calls)} ${unit}${all}, ${span}`;
}

function toJson({ effect, ...fault }: Fault) {
  return { ...fault, configured: effect };
}
