import { type Identity, type Labels, type Origin, selects } from "../model/common";
import { type Mesh, rootNamespace } from "../model/mesh";
import { type OwnedPatch, type Tracing } from "../model/proxy";
import { type MutualTlsMode, type PeerAuthentication } from "../model/security";
import { type Workload } from "../types";

type Selecting = Identity & { selector: Labels | undefined };

/** Objects that are about a workload: of its namespace or the root one, with its labels. */
export function about<T extends Selecting>(objects: T[], { namespace, labels }: Workload): T[] {
  return objects.filter(
    (object) =>
      [namespace, rootNamespace].includes(object.namespace) && selects(object.selector ?? {}, labels),
  );
}

/** The narrowest first: with a selector, of the namespace, of the whole mesh. */
export function byScope<T extends Selecting>(objects: T[]): T[] {
  const width = ({ selector, namespace }: T): number =>
    namespace === rootNamespace ? 2 : selector === undefined ? 1 : 0;
  return [...objects].sort((a, b) => width(a) - width(b));
}

/** The mTLS mode of a workload's port, and which policy says so. Without one both kinds of connection are taken. */
export function mutualTlsAt(
  mesh: Mesh,
  workload: Workload,
  port: number,
): { mode: MutualTlsMode; origin: Origin | undefined } {
  // In the root namespace only a policy for the whole mesh counts.
  const counting = mesh.peerAuthentications.filter(
    (one) => one.namespace !== rootNamespace || one.selector === undefined,
  );
  const policies = byScope(about(counting, workload));
  const own = policies.find((policy) => policy.ports.get(port) !== undefined);
  const mode = own?.ports.get(port);
  if (own !== undefined && mode !== undefined) return { mode, origin: own.origin };
  const policy = policies.find((candidate) => candidate.mode !== undefined);
  return { mode: policy?.mode ?? "PERMISSIVE", origin: policy?.origin };
}

/** The mode that callers expect of a service: that of its namespace or mesh, for single workloads are not seen from afar. */
export function expectedMode(policies: PeerAuthentication[], namespace: string): MutualTlsMode {
  const of = (owner: string): MutualTlsMode | undefined =>
    policies.find((policy) => policy.namespace === owner && policy.selector === undefined)?.mode;
  return of(namespace) ?? of(rootNamespace) ?? "PERMISSIVE";
}

/** Where a workload's spans go; undefined where no Telemetry says so, or its collector is not there. */
export function tracingOf(mesh: Mesh, workload: Workload): Tracing | undefined {
  const parts = byScope(about(mesh.telemetries, workload)).filter(({ tracing }) => tracing !== undefined);
  const [narrowest] = parts;
  const first = <T>(
    pick: (tracing: NonNullable<(typeof parts)[number]["tracing"]>) => T | undefined,
  ): T | undefined =>
    parts.map(({ tracing }) => tracing && pick(tracing)).find((value) => value !== undefined);
  const provider = first(({ providers }) => providers[0]);
  if (narrowest === undefined || provider === undefined || first(({ disabled }) => disabled) === true)
    return undefined;
  const collector = mesh.settings.tracingProviders.get(provider);
  if (collector === undefined || !mesh.services.has(collector.host)) return undefined;
  return {
    provider,
    collector: { ...collector, subset: undefined },
    percent: first(({ randomSamplingPercentage }) => randomSamplingPercentage) ?? 1,
    customTags:
      first(({ customTags }) => (Object.keys(customTags).length > 0 ? customTags : undefined)) ?? {},
    origin: narrowest.origin,
  };
}

/** The patches of a workload in the order in which they are applied. */
export function patchesOf(mesh: Mesh, workload: Workload): OwnedPatch[] {
  const scope = (namespace: string): number => (namespace === rootNamespace ? 0 : 1);
  return about(mesh.envoyFilters, workload)
    .sort(
      (a, b) =>
        scope(a.namespace) - scope(b.namespace) || a.priority - b.priority || (a.name < b.name ? -1 : 1),
    )
    .flatMap((owner) => owner.patches.map((patch) => ({ ...patch, owner })));
}
