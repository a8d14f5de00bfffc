import { type ServiceName } from "../../lib/events";
import { exitCodes, Failure } from "../run/failure";
import { type Credentials } from "../run/secrets";
import { openKubeSystem } from "./kube-system";
import { openLaptopSystem } from "./laptop";

export const targetNames = ["laptop", "kube"] as const;
export type TargetName = (typeof targetNames)[number];

/**
 * A running Symphony as the commands see it: where to send orders, and what they need to look behind them.
 * Whatever takes a connection of its own is opened when it is asked for, and ends with `close`.
 */
export type System = {
  readonly target: TargetName;
  /** The one way in. */
  url(): Promise<string>;
  /** A service past the gateway and its limits. */
  serviceUrl(service: ServiceName): Promise<string>;
  admin(): Promise<Credentials>;
  /** What `order` registers its user with. */
  demo(): Promise<Credentials>;
  natsUrl(): Promise<string>;
  databaseUrls(): Promise<Partial<Record<ServiceName, string>>>;
  close(): Promise<void>;
};

/** Which Symphony commands are about: `SYMPHONY_TARGET` (the option `--target`), or the laptop's. */
export function targetName(environment: Record<string, string | undefined> = process.env): TargetName {
  const given = environment.SYMPHONY_TARGET ?? "";
  const found = targetNames.find((name) => name === (given === "" ? "laptop" : given));
  if (found !== undefined) return found;
  throw new Failure("usage.target", `there is no target ${given}`, {
    fix: `set SYMPHONY_TARGET to one of ${targetNames.join(", ")}`,
    exitCode: exitCodes.usage,
  });
}

/** Runs `work` on the running system that the commands are about. `changes` says that it is more than looking. */
export async function withSystem<T>(
  options: { changes: boolean },
  work: (system: System) => Promise<T>,
): Promise<T> {
  const system = targetName() === "kube" ? await openKubeSystem(options) : openLaptopSystem();
  try {
    return await work(system);
  } finally {
    await system.close();
  }
}
