import { type HashKey, type LoadBalancer } from "../model/traffic";
import { type Field } from "../source/field";

const simplePolicies: Record<string, LoadBalancer["policy"]> = {
  UNSPECIFIED: "LEAST_REQUEST",
  LEAST_CONN: "LEAST_REQUEST",
  LEAST_REQUEST: "LEAST_REQUEST",
  ROUND_ROBIN: "ROUND_ROBIN",
  RANDOM: "RANDOM",
};
const maximumTable = 5_000_011;
const defaultRing = 1024;

/** `loadBalancer` of a traffic policy. */
export function readLoadBalancer(field: Field | undefined): LoadBalancer | undefined {
  if (field === undefined) return undefined;
  const hash = field.get("consistentHash");
  if (hash !== undefined) {
    if (field.has("simple")) field.refuse("give one of simple and consistentHash");
    return readConsistentHash(hash);
  }
  const simple = field.text("simple") ?? "UNSPECIFIED";
  const policy = simplePolicies[simple];
  if (policy === undefined)
    field
      .get("simple")
      ?.refuse(
        `${simple} is not supported by the mesh on a laptop; allowed: ${Object.keys(simplePolicies).join(", ")}`,
      );
  return {
    policy: policy ?? "LEAST_REQUEST",
    warmup: readWarmup(field.get("warmup")),
    size: undefined,
    hash: undefined,
  };
}

function readWarmup(field: Field | undefined): LoadBalancer["warmup"] {
  if (field === undefined) return undefined;
  const duration = field.duration("duration");
  if (duration === undefined) field.refuse("duration is missing");
  const aggression = field.number("aggression") ?? 1;
  if (aggression <= 0) field.get("aggression")?.refuse("must be more than 0");
  return {
    duration: duration ?? "0s",
    aggression,
    minimumPercent: field.within("minimumPercent", [0, 100]) ?? 10,
  };
}

function readConsistentHash(field: Field): LoadBalancer {
  const maglev = field.get("maglev");
  const ring = field.get("ringHash");
  const common = { warmup: undefined, hash: readHashKey(field) };
  if (maglev !== undefined) {
    const size = maglev.within("tableSize", [1, maximumTable]) ?? 0;
    if (!isPrime(size)) maglev.refuse("tableSize must be a prime number");
    return { policy: "MAGLEV", size, ...common };
  }
  const old = field.number("minimumRingSize");
  const size = ring === undefined ? (old ?? defaultRing) : ring.number("minimumRingSize") || undefined;
  return { policy: "RING_HASH", size, ...common };
}

function readHashKey(field: Field): HashKey | undefined {
  const cookie = field.get("httpCookie");
  const header = field.text("httpHeaderName");
  const query = field.text("httpQueryParameterName");
  const keys: HashKey[] = [
    ...(header === undefined ? [] : [{ kind: "header" as const, name: header }]),
    ...(query === undefined ? [] : [{ kind: "query" as const, name: query }]),
    ...(field.flag("useSourceIp") === true ? [{ kind: "source-ip" as const }] : []),
    ...(cookie === undefined ? [] : [readCookie(cookie)]),
  ];
  if (keys.length !== 1)
    field.refuse("give one of httpHeaderName, httpCookie, httpQueryParameterName and useSourceIp");
  return keys[0];
}

function readCookie(field: Field): HashKey {
  const name = field.text("name") ?? "";
  if (name === "") field.refuse("name is missing");
  return { kind: "cookie", name, path: field.text("path"), ttl: field.duration("ttl", 0) };
}

function isPrime(value: number): boolean {
  for (let factor = 2; factor * factor <= value; factor += 1) if (value % factor === 0) return false;
  return value > 1;
}
