import { Command, InvalidArgumentError } from "commander";

import { type ServiceName, serviceNames } from "../../lib/events";
import { exitCodes } from "../run/failure";
import { withSystem } from "../target/system";
import { note, print, printJson } from "./terminal";

export function forwardCommand(): Command {
  return new Command("forward")
    .description(
      "open a port of this machine that leads to a service itself, past the mesh, until Ctrl-C: its /metrics, /readyz, /openapi.json",
    )
    .argument("<service>", "such as gateway", (text): ServiceName => {
      const found = serviceNames.find((name) => name === text);
      if (found === undefined) throw new InvalidArgumentError(`choose one of ${serviceNames.join(", ")}.`);
      return found;
    })
    .option("--json", "print JSON")
    .action(async (service: ServiceName, options: { json?: boolean }) => {
      await withSystem({ changes: false }, async (system) => {
        const url = await system.serviceUrl(service);
        if (options.json === true) printJson({ service, url });
        else print(url);
        note(`${service} itself, past the mesh and its rules; Ctrl-C ends it`);
        await interrupted();
      });
    });
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    // A promise alone keeps no process alive where the port needs no forward.
    const timer = setInterval(() => undefined, 60_000);
    const onSignal = (signal: NodeJS.Signals): void => {
      clearInterval(timer);
      if (signal === "SIGINT") process.exitCode = exitCodes.interrupted;
      resolve();
    };
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, onSignal);
  });
}
