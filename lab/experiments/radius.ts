import { eventsOf, type ServiceName, serviceNames } from "../../lib/events";
import { type Victim } from "../mesh/disturb/disturbance";
import { type Action } from "./activities";
import { callersOf } from "./amplification";

const list = (names: readonly string[]): string =>
  names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`;

function ofService(service: ServiceName): string {
  const callers = callersOf(service);
  const events = eventsOf(service);
  const parts = [
    ...(service === "gateway" ? ["every request from outside"] : []),
    ...(callers.length === 0 ? [] : [`calls of ${list(callers)} to ${service}`]),
    ...(events.length === 0 ? [] : [`the ${String(events.length)} kinds of events that it handles`]),
  ];
  return list(parts);
}

function ofVictim(victim: Victim): string {
  if (victim === "broker") return "every event: sagas wait, and are accepted all the same";
  return victim === "database"
    ? `every request: ${list(serviceNames)} read and write there`
    : ofService(victim);
}

/** Functions that stop or slow whole processes; the others break calls only. */
const processes = ["scale", "configure", "skew-clock"];

/** What an action hits besides whom it touches, for the preview; undefined where the action itself says it all. */
export function radiusOf({ provider }: Action): string | undefined {
  const { func, arguments: given } = provider;
  if ("workload" in given) return ofVictim(given.workload);
  if (func === "slow-disk") return ofVictim("database");
  if (func === "lose-broker-data") return ofVictim("broker");
  if (func === "lose-unsent-events") return "every event that is on its way to the broker";
  if (!("service" in given)) return undefined;
  if (processes.includes(func)) return ofService(given.service);
  const callers = callersOf(given.service);
  return callers.length === 0 ? undefined : `calls of ${list(callers)} to ${given.service}`;
}
