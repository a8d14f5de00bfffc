import { type ServiceName } from "../../../lib/events";
import { median } from "../../load/percentiles";
import { withDatabase } from "../../run/clients";
import { environmentFailure } from "../../run/failure";
import { faultFilter, httpFaultPatch } from "../../target/inbound-fault";
import { namespaces } from "../world";
import { type Disturbed } from "./disturbance";
import { type Host } from "./host";

/** Each commit waits before its flush, by Postgres' own `commit_delay`. */
export async function slowDisk(host: Host, { delayMs }: { delayMs: number }): Promise<Disturbed> {
  const url = host.runner.superuserUrl();
  if (url === undefined)
    throw environmentFailure(
      "experiment.no_superuser",
      "the database is somebody else's (DATABASE_URL), and its commits cannot be slowed",
      "run this experiment with the database that Symphony starts",
    );
  const delayUs = Math.round(delayMs * 1000);
  await asSuperuser(url, [
    `alter system set commit_delay = ${String(delayUs)}`,
    "alter system set commit_siblings = 0",
    "select pg_reload_conf()",
  ]);
  return {
    detail: `each commit waits ${String(delayMs)} ms before it is flushed`,
    observe: async () => {
      const ms = await timeCommit(url);
      return {
        seen: ms >= delayMs * 0.8,
        detail: `a commit of nothing but a log record took ${ms.toFixed(0)} ms`,
      };
    },
    heal: () =>
      asSuperuser(url, [
        "alter system reset commit_delay",
        "alter system reset commit_siblings",
        "select pg_reload_conf()",
      ]),
  };
}

/** One by one: what alters the system may not be in a transaction. */
function asSuperuser(url: string, statements: readonly string[]): Promise<void> {
  return withDatabase(url, async (client) => {
    for (const statement of statements) await client.query(statement);
  });
}

/** The middle one of three, in ms: a commit that joins others which wait already is done sooner. */
function timeCommit(url: string): Promise<number> {
  return withDatabase(url, async (client) => {
    const times: number[] = [];
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const from = performance.now();
      await client.query("select pg_logical_emit_message(true, 'symphony', 'probe')");
      times.push(performance.now() - from);
    }
    return median(times);
  });
}

/** A little more than the certificate's own life: it has ended by then. */
const afterEndMs = 500;

/**
 * A rule that changes nothing but the listeners of a service: their connections end with the next answer, and who called
 * through them connects anew. A sidecar that starts anew would be away meanwhile, which is another fault.
 */
function reconnectRule(service: ServiceName): { path: string; text: string } {
  const name = `reconnect-${service}`;
  const fault = "abort: { http_status: 503, percentage: { numerator: 0 } }";
  const label = `app.kubernetes.io/name: ${service}`;
  return { path: `${name}.yaml`, text: faultFilter({ name, label, patches: [httpFaultPatch(fault)] }) };
}

/** A certificate that ends soon, and new connections once it has. Healed, one of the usual life. */
export async function shortenCertificate(
  host: Host,
  { service, lifeMs, renew }: { service: ServiceName; lifeMs: number; renew: boolean },
): Promise<Disturbed> {
  const { certificates, mesh, rules } = host;
  const owners = host.replicas.list(service).map(({ name }) => ({
    name,
    namespace: namespaces.services,
    serviceAccount: service,
  }));
  const first = Date.now() + lifeMs;
  for (const owner of owners) await certificates.shorten(owner, { lifeMs, renew });
  let covering: Promise<() => Promise<void>> | undefined;
  let reconnected = false;
  const timer = setTimeout(() => {
    covering = rules.cover(reconnectRule(service));
    covering.then(
      () => (reconnected = true),
      () => undefined,
    );
  }, lifeMs + afterEndMs);
  return {
    detail: `the certificate of ${service} ends after ${String(lifeMs / 1000)} s, ${renew ? "and is renewed before" : "and is not renewed"}`,
    observe: () => {
      const valid = owners.filter(
        ({ name }) => (mesh.options.certificates.ends.get(name)?.getTime() ?? 0) > Date.now(),
      );
      const hit = reconnected ? owners.length : 0;
      return Promise.resolve({
        seen: Date.now() > first && reconnected,
        detail:
          Date.now() > first
            ? `it has ended, ${String(valid.length)} of ${String(owners.length)} workloads have a newer one, callers of ${String(hit)} were made to connect anew`
            : "it has not ended yet",
        of: owners.length,
        hit,
      });
    },
    heal: async () => {
      clearTimeout(timer);
      for (const owner of owners) await certificates.provide(owner);
      const uncover = await covering?.catch(() => undefined);
      await uncover?.();
    },
  };
}
