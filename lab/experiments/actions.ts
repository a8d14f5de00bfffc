import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { type Disturbance, type DisturbanceKind } from "../mesh/disturb/disturbance";
import { findProject } from "../run/project";
import { type Action, type ActionFunction } from "./activities";
import { abortRule, delayRule, partitionRule } from "./rules";

/** Actions that the engine itself carries out, because they leave nothing that could be healed. */
export const ownFunctions = [
  "replay",
  "lose-unsent-events",
  "poison",
  "flood",
] as const satisfies ActionFunction[];
export type OwnFunction = (typeof ownFunctions)[number];
type Provider = Action["provider"];
export type OwnProvider = Extract<Provider, { func: OwnFunction }>;
export type DisturbingProvider = Exclude<Provider, OwnProvider>;

export const isOwn = (provider: Provider): provider is OwnProvider =>
  (ownFunctions as readonly string[]).includes(provider.func);

/** What kind of disturbance each function is; what a target lacks it says by these. */
export const kindOf: Record<DisturbingProvider["func"], DisturbanceKind> = {
  fault: "fault",
  abort: "rule",
  delay: "rule",
  "slow-link": "rule",
  partition: "rule",
  kill: "kill",
  stop: "hold",
  pause: "pause",
  restart: "roll",
  scale: "scale",
  configure: "configure",
  "skew-clock": "clock",
  "expire-certificate": "certificate",
  "slow-disk": "slow-disk",
  "no-dead-letters": "no-dead-letters",
  "lose-broker-data": "wipe-broker",
};

const someReplica = (replica: number | undefined): { replica?: number } =>
  replica === undefined ? {} : { replica };

type Translations = {
  [F in DisturbingProvider["func"]]: (
    given: Extract<DisturbingProvider, { func: F }>["arguments"],
  ) => Disturbance;
};

const translations: Translations = {
  fault: ({ name }) => ({ kind: "fault", name }),
  abort: abortRule,
  delay: ({ service, by, percent }) => delayRule({ service, byMs: by, percent }),
  "slow-link": ({ from, to, by }) => delayRule({ service: to, byMs: by, percent: 100, from }),
  partition: partitionRule,
  kill: ({ workload, replica }) => ({ kind: "kill", victim: workload, ...someReplica(replica) }),
  stop: ({ workload, replica }) => ({ kind: "hold", victim: workload, ...someReplica(replica) }),
  pause: ({ workload, replica }) => ({ kind: "pause", victim: workload, ...someReplica(replica) }),
  restart: ({ workload, drain }) => ({ kind: "roll", victim: workload, drain }),
  scale: ({ service, replicas }) => ({ kind: "scale", service, replicas }),
  configure: ({ service, set }) => ({ kind: "configure", service, set }),
  "skew-clock": ({ service, by }) => ({ kind: "clock", service, byMs: by }),
  "expire-certificate": ({ service, after, renew }) => ({
    kind: "certificate",
    service,
    lifeMs: after,
    renew,
  }),
  "slow-disk": ({ by }) => ({ kind: "slow-disk", delayMs: by }),
  "no-dead-letters": () => ({ kind: "no-dead-letters" }),
  "lose-broker-data": () => ({ kind: "wipe-broker" }),
};

/** What an action asks of the target. */
export function toDisturbance({ func, arguments: given }: DisturbingProvider): Disturbance {
  const translate = translations[func] as (given: DisturbingProvider["arguments"]) => Disturbance;
  return translate(given);
}

/** A file of Istio rules, in force in the place of the objects of mesh/base with the same names. */
export async function ruleFile(path: string): Promise<Disturbance> {
  return { kind: "rule", path, text: await readFile(join(findProject(), path), "utf8") };
}

/** Whom an action touches, for the preview. */
export function touches({ provider }: Action): string {
  const { func, arguments: given } = provider;
  const told = Object.entries(given)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`);
  return [func, ...told.map((text) => text.replace(/^(for|by|after) (-?\d+)$/, "$1 $2 ms"))].join(", ");
}
