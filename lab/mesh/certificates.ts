import type { CompileOptions, Workload } from "../compile/types";
import { exitCodes, Failure } from "../run/failure";
import { type LocalCa, spiffeId } from "./ca";
import { trustDomain } from "./world";
import { replaceFile, secretFile } from "./xds-files";

const defaultTtlMs = 3_600_000;
const minTtlMs = 2_000;

/** How long a certificate lasts: `SYMPHONY_CERT_TTL`, such as `30s`, `10m` or `2h`; one hour where it is not set. */
export function certificateTtl(environment: Record<string, string | undefined>): number {
  const text = environment.SYMPHONY_CERT_TTL ?? "";
  if (text === "") return defaultTtlMs;
  const match = /^(\d+)(s|m|h)$/.exec(text);
  const ttlMs = Number(match?.[1]) * ({ s: 1000, m: 60_000, h: 3_600_000 }[match?.[2] ?? ""] ?? Number.NaN);
  if (ttlMs >= minTtlMs && ttlMs <= 24 * 3_600_000) return ttlMs;
  throw new Failure("usage.cert_ttl", `SYMPHONY_CERT_TTL is ${text}, which is no life of a certificate`, {
    fix: "give 2s to 24h, such as 10m, or unset it",
    exitCode: exitCodes.usage,
  });
}

type Owner = Pick<Workload, "name" | "namespace" | "serviceAccount">;
export type Certificates = {
  /** Writes the secret files of a workload, and goes on to renew its certificate at half of its life. */
  provide(workload: Owner): Promise<void>;
  /** When each workload's certificate ends, by name. */
  readonly ends: ReadonlyMap<string, Date>;
  /** Gives a workload a certificate that ends after `lifeMs`, and renews it at half of that, or not at all. */
  shorten(workload: Owner, options: { lifeMs: number; renew: boolean }): Promise<void>;
  forget(name: string): void;
  stop(): void;
};

/** Keeps every workload supplied with a certificate that lasts. `say` hears of a renewal that failed. */
export function createCertificates(options: {
  ca: LocalCa;
  path: CompileOptions["path"];
  ttlMs: number;
  say(line: string): void;
}): Certificates {
  const { ca, path, ttlMs } = options;
  const ends = new Map<string, Date>();
  const timers = new Map<string, NodeJS.Timeout>();

  async function renew(workload: Owner, lifeMs = ttlMs): Promise<void> {
    const { name, namespace, serviceAccount } = workload;
    const issued = await ca.issue(spiffeId(trustDomain, namespace, serviceAccount), lifeMs);
    const secret = {
      tls_certificate: {
        certificate_chain: { inline_string: issued.chain },
        private_key: { inline_string: issued.key },
      },
    };
    await replaceFile(path(name, "sds", "default"), secretFile("default", secret));
    ends.set(name, issued.notAfter);
  }

  function schedule(workload: Owner, delayMs: number, lifeMs = ttlMs): void {
    const timer = setTimeout(() => {
      renew(workload, lifeMs).then(
        () => {
          if (timers.get(workload.name) === timer) schedule(workload, lifeMs / 2, lifeMs);
        },
        (error: unknown) => {
          options.say(`the certificate of ${workload.name} could not be renewed: ${String(error)}`);
          if (timers.get(workload.name) === timer) schedule(workload, lifeMs / 20, lifeMs);
        },
      );
    }, delayMs);
    timers.set(workload.name, timer.unref());
  }

  const forget = (name: string): void => {
    clearTimeout(timers.get(name));
    timers.delete(name);
    ends.delete(name);
  };
  return {
    ends,
    async provide(workload) {
      forget(workload.name);
      const root = { validation_context: { trusted_ca: { inline_string: ca.root } } };
      await replaceFile(path(workload.name, "sds", "ROOTCA"), secretFile("ROOTCA", root));
      await renew(workload);
      schedule(workload, ttlMs / 2);
    },
    async shorten(workload, { lifeMs, renew: isRenewed }) {
      forget(workload.name);
      await renew(workload, lifeMs);
      if (isRenewed) schedule(workload, lifeMs / 2, lifeMs);
    },
    forget,
    stop: () => {
      for (const name of [...timers.keys()]) forget(name);
    },
  };
}
