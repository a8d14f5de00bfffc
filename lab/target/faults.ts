import { parseDocument } from "yaml";
import { z } from "zod";

import { readSources } from "../mesh/sources";
import { exitCodes, Failure } from "../run/failure";
import { findProject } from "../run/project";
import { nameLabel } from "./pods";

/** What a fault does to a call that it hits. */
export type FaultEffect = {
  kind: "abort" | "delay" | "slow" | "reset";
  /** Of the calls, from 0 to 100. */
  percent: number;
  /** The status of an abort, how long a delay is, how slow an answer. */
  detail: string;
  /** The calls that it is limited to, in words. */
  only: string | undefined;
};

/** One file of mesh/faults. Its comments are the only place where these texts stand. */
export type Fault = {
  name: string;
  /** From the repository's root. */
  file: string;
  summary: string;
  blastRadius: string;
  symptom: string;
  /** Whose sidecars it changes. */
  workload: string;
  /** The label that a replica needs to be hit, where not every one is. */
  replicaLabel: { key: string; value: string } | undefined;
  effect: FaultEffect;
};

export const faultLabel = "symphony.dev/fault";
const folder = "mesh/faults";

const percentage = z
  .looseObject({
    numerator: z.number().default(0),
    denominator: z.enum(["HUNDRED", "TEN_THOUSAND", "MILLION"]).default("HUNDRED"),
  })
  .transform(
    ({ numerator, denominator }) =>
      numerator / { HUNDRED: 1, TEN_THOUSAND: 100, MILLION: 10_000 }[denominator],
  );
const header = z.looseObject({
  name: z.string(),
  string_match: z.record(z.string(), z.unknown()).optional(),
});
const filter = z.looseObject({
  name: z.string(),
  typed_config: z.looseObject({
    headers: z.array(header).optional(),
    abort: z
      .looseObject({ http_status: z.number().optional(), grpc_status: z.number().optional(), percentage })
      .optional(),
    delay: z.looseObject({ fixed_delay: z.string(), percentage }).optional(),
    response_rate_limit: z
      .looseObject({ fixed_limit: z.looseObject({ limit_kbps: z.number() }), percentage })
      .optional(),
  }),
});
const envoyFilter = z.looseObject({
  kind: z.literal("EnvoyFilter"),
  metadata: z.looseObject({ labels: z.looseObject({ [faultLabel]: z.string() }) }),
  spec: z.looseObject({
    workloadSelector: z.looseObject({ labels: z.record(z.string(), z.string()) }),
    configPatches: z.array(z.looseObject({ patch: z.looseObject({ value: filter }) })).min(1),
  }),
});

/** The comment before the first line of YAML: a summary, then `Blast radius:` and `Symptom:`, each to the next blank line or word. */
export function parseComments(text: string): { summary: string; blastRadius: string; symptom: string } {
  const parts = { summary: [] as string[], blastRadius: [] as string[], symptom: [] as string[] };
  let current = parts.summary;
  for (const line of text.split("\n")) {
    if (!line.startsWith("#")) break;
    const words = line.replace(/^#\s?/, "").trim();
    const labelled = /^(Blast radius|Symptom): *(.*)$/.exec(words);
    if (labelled !== null) current = labelled[1] === "Symptom" ? parts.symptom : parts.blastRadius;
    const rest = labelled?.[2] ?? words;
    if (rest !== "") current.push(rest);
  }
  const join = (words: string[]): string => words.join(" ");
  return { summary: join(parts.summary), blastRadius: join(parts.blastRadius), symptom: join(parts.symptom) };
}

/** Reads one fault file. Throws a `Failure` that names what it lacks. */
export function parseFault(text: string, file: string): Fault {
  const parsed = envoyFilter.safeParse(parseDocument(text).toJS());
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Failure("fault.broken", `${file}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`);
  }
  const comments = parseComments(text);
  if (comments.blastRadius === "" || comments.symptom === "")
    throw new Failure("fault.broken", `${file} does not say its blast radius and symptom in comments`);
  const { metadata, spec } = parsed.data;
  const { [nameLabel]: workload, ...others } = spec.workloadSelector.labels;
  if (workload === undefined) throw new Failure("fault.broken", `${file} does not select by ${nameLabel}`);
  const [extra] = Object.entries(others);
  const [first] = spec.configPatches;
  if (first === undefined) throw new Failure("fault.broken", `${file} patches nothing`);
  return {
    name: metadata.labels[faultLabel],
    file,
    ...comments,
    workload,
    replicaLabel: extra === undefined ? undefined : { key: extra[0], value: extra[1] },
    effect: readEffect(first.patch.value, file),
  };
}

function readEffect({ name, typed_config: config }: z.infer<typeof filter>, file: string): FaultEffect {
  const only = config.headers?.map(describeHeader).join(" and ");
  const { abort, delay, response_rate_limit: slow } = config;
  if (abort !== undefined) {
    const detail =
      abort.grpc_status === undefined
        ? String(abort.http_status)
        : `gRPC status ${String(abort.grpc_status)}`;
    return { kind: "abort", percent: abort.percentage, detail, only };
  }
  if (delay !== undefined)
    return { kind: "delay", percent: delay.percentage, detail: delay.fixed_delay, only };
  if (slow !== undefined) {
    const detail = `${String(slow.fixed_limit.limit_kbps)} KiB/s`;
    return { kind: "slow", percent: slow.percentage, detail, only };
  }
  if (name === "envoy.filters.network.rbac") return { kind: "reset", percent: 100, detail: "", only };
  throw new Failure("fault.broken", `${file} holds no fault that this version knows`);
}

function describeHeader({ name, string_match: match }: z.infer<typeof header>): string {
  const [how, value] = Object.entries(match ?? {})[0] ?? ["any", ""];
  return how === "exact" ? `${name}: ${String(value)}` : `${name} ${how} ${String(value)}`;
}

/** What a fault does in a few words, such as `503 for 20 % of the calls`. */
export function describeEffect({ kind, percent, detail, only }: FaultEffect): string {
  const what = {
    abort: detail,
    delay: `${detail} longer`,
    slow: `answers at ${detail}`,
    reset: "connection closed",
  }[kind];
  return `${what} for ${String(percent)} % of the ${kind === "reset" ? "connections" : "calls"}${only === undefined ? "" : ` with ${only}`}`;
}

/** All faults of mesh/faults, by name. */
export async function readFaults(project: string = findProject()): Promise<Fault[]> {
  return readSources(folder, project).map(({ text, path }) => parseFault(text, path));
}

/** The fault of that name. Fails with those that exist. */
export async function findFault(name: string): Promise<Fault> {
  const faults = await readFaults();
  const found = faults.find((fault) => fault.name === name);
  if (found !== undefined) return found;
  throw new Failure("fault.unknown", `there is no fault ${name}`, {
    fix: `choose one of ${faults.map((fault) => fault.name).join(", ")}`,
    exitCode: exitCodes.usage,
  });
}
