import { parseDocument } from "yaml";
import { z } from "zod";

import { Failure } from "../run/failure";
import { type ActiveFault, type Faults, type FaultStatus } from "./fault-control";
import { countFaults, faultCounts, type FaultReading, observedRate } from "./fault-rate";
import { type Fault, faultLabel, readFaults } from "./faults";
import { type Kubectl, namespaces } from "./kubectl";
import { podsOf } from "./pods";
import { readRule } from "./rules";
import { createSidecars, type Sidecars } from "./sidecars";
import { type MeshTarget, type Replica } from "./target";

/** The counters at the moment of applying, kept on the object so that any later command can tell a rate. */
const baselineAnnotation = "symphony.dev/counters-before";
const baseline = z.record(z.string(), faultCounts);
const statsFilter = "^http.inbound_|fault";

const activeList = z.looseObject({
  items: z.array(
    z.looseObject({
      metadata: z.looseObject({
        labels: z.record(z.string(), z.string()),
        annotations: z.record(z.string(), z.string()).optional(),
        creationTimestamp: z.string(),
      }),
    }),
  ),
});

const defaultSampleMs = 5000;

/** Faults on a cluster, where they stay until they are cleared. `target` puts rules in force, and ends with them. */
export function createKubeFaults(kubectl: Kubectl, target: MeshTarget): Faults {
  const sidecars = createSidecars(kubectl);

  async function active(): Promise<ActiveFault[]> {
    const answer = await kubectl.json([
      "get",
      "envoyfilters.networking.istio.io",
      "-n",
      namespaces.services,
      "-l",
      faultLabel,
      "-o",
      "json",
    ]);
    return activeList.parse(answer).items.map(({ metadata }) => ({
      name: metadata.labels[faultLabel] ?? "",
      since: metadata.creationTimestamp,
      before: readBaseline(metadata.annotations?.[baselineAnnotation]),
    }));
  }

  return {
    active,
    async apply(fault) {
      const replica = await markReplica(kubectl, target, fault);
      const reading = await readCounts(kubectl, sidecars, fault);
      if (Object.keys(reading).length === 0)
        throw new Failure("fault.no_replica", `no replica of ${fault.workload} is ready`, {
          fix: "see ./symphony --target kube status",
        });
      const document = parseDocument(await readRule({ file: fault.file }));
      document.setIn(["metadata", "annotations", baselineAnnotation], JSON.stringify(reading));
      await target.apply({ yaml: document.toString() });
      return { replica: replica?.name };
    },
    async clear(fault) {
      await target.remove({ file: fault.file });
      const { replicaLabel } = fault;
      if (replicaLabel === undefined) return;
      for (const replica of await podsOf(kubectl, fault.workload))
        if (replica.labels[replicaLabel.key] === replicaLabel.value)
          await target.label(replica, replicaLabel.key, undefined);
    },
    async status({ name, sampleMs }) {
      const known = await readFaults();
      const wanted = (await active()).filter((entry) => name === undefined || entry.name === name);
      return Promise.all(
        wanted.flatMap((entry) => {
          const fault = known.find((candidate) => candidate.name === entry.name);
          return fault === undefined ? [] : [statusOf(kubectl, sidecars, { fault, entry, sampleMs })];
        }),
      );
    },
    close: () => {
      sidecars.close();
      return target.close();
    },
  };
}

async function statusOf(
  kubectl: Kubectl,
  sidecars: Sidecars,
  { fault, entry, sampleMs }: { fault: Fault; entry: ActiveFault; sampleMs: number | undefined },
): Promise<FaultStatus> {
  const whole = sampleMs === undefined && entry.before !== undefined;
  const first = await readCounts(kubectl, sidecars, fault);
  let before = entry.before ?? first;
  let after = first;
  if (!whole) {
    before = first;
    await new Promise((resolve) => setTimeout(resolve, sampleMs ?? defaultSampleMs));
    after = await readCounts(kubectl, sidecars, fault);
  }
  const observed = observedRate(fault, before, after);
  return { fault, since: entry.since, observed, whole, replicas: Object.keys(after) };
}

/** The counters of the replicas that a fault can hit. */
async function readCounts(kubectl: Kubectl, sidecars: Sidecars, fault: Fault): Promise<FaultReading> {
  const label = fault.replicaLabel;
  const pods = (await podsOf(kubectl, fault.workload)).filter(
    ({ ready, labels }) => ready && (label === undefined || labels[label.key] === label.value),
  );
  const entries = await Promise.all(
    pods.map(async (pod) => {
      const { values } = await sidecars.stats(pod, statsFilter);
      return [pod.name, countFaults(values)] as const;
    }),
  );
  return Object.fromEntries(entries);
}

/** Labels one replica for a fault that hits only such; one that has the label already stays the one. */
async function markReplica(kubectl: Kubectl, target: MeshTarget, fault: Fault): Promise<Replica | undefined> {
  const label = fault.replicaLabel;
  if (label === undefined) return undefined;
  const ready = (await podsOf(kubectl, fault.workload)).filter((pod) => pod.ready);
  const marked = ready.find(({ labels }) => labels[label.key] === label.value) ?? ready[0];
  if (marked !== undefined) await target.label(marked, label.key, label.value);
  return marked;
}

function readBaseline(annotation: string | undefined): FaultReading | undefined {
  if (annotation === undefined) return undefined;
  try {
    return baseline.parse(JSON.parse(annotation));
  } catch {
    return undefined;
  }
}
