import { KeyObject, randomBytes, webcrypto } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";

import type * as X509 from "@peculiar/x509";

import { environmentFailure, fromDiskError } from "../run/failure";

/** What a workload proves its identity with. */
export type Certificate = { chain: string; key: string; notAfter: Date };

export type LocalCa = {
  /** What every workload trusts, as PEM. */
  readonly root: string;
  /** A key and a certificate for `identity`, a SPIFFE id, for `ttlMs` from now. */
  issue(identity: string, ttlMs: number): Promise<Certificate>;
};

const algorithm = { name: "ECDSA", namedCurve: "P-256" };
const signingAlgorithm = { name: "ECDSA", hash: "SHA-256" };
const usages: webcrypto.KeyUsage[] = ["sign", "verify"];
const rootDays = 3650;
/** The clocks are the same one, but a certificate's times are whole seconds. */
const skewMs = 60_000;

/** `spiffe://cluster.local/ns/symphony/sa/order` */
export function spiffeId(trustDomain: string, namespace: string, serviceAccount: string): string {
  return `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
}

// Loaded where it is needed: it takes 0.15 s, which no other command should wait for.
function loadX509(): typeof X509 {
  const load = createRequire(__filename);
  load("reflect-metadata");
  const x509 = load("@peculiar/x509") as typeof X509;
  x509.cryptoProvider.set(webcrypto);
  return x509;
}

/**
 * The certificate authority of one state folder, made on the first run. Its key lies beside its certificate, and only
 * its owner may read it. One that ends within a day is made anew.
 */
export async function openLocalCa(folder: string): Promise<LocalCa> {
  const x509 = loadX509();
  const files = { key: join(folder, "ca-key.pem"), certificate: join(folder, "ca.pem") };
  const found = (await readCa(x509, files)) ?? (await makeCa(x509, folder, files));
  return {
    root: found.certificate.toString("pem"),
    issue: (identity, ttlMs) => issue(x509, found, identity, ttlMs),
  };
}

type Files = { key: string; certificate: string };
type Authority = { key: webcrypto.CryptoKey; certificate: X509.X509Certificate };

async function readCa(x509: typeof X509, files: Files): Promise<Authority | undefined> {
  const texts = await Promise.all([readFile(files.key, "utf8"), readFile(files.certificate, "utf8")]).catch(
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw fromDiskError(error, files.key);
    },
  );
  if (texts === undefined) return undefined;
  try {
    const certificate = new x509.X509Certificate(texts[1]);
    if (certificate.notAfter.getTime() < Date.now() + 24 * 3_600_000) return undefined;
    const der = x509.PemConverter.decodeFirst(texts[0]);
    const key = await webcrypto.subtle.importKey("pkcs8", der, algorithm, true, ["sign"]);
    return { key, certificate };
  } catch (error) {
    throw environmentFailure(
      "mesh.ca_broken",
      `${files.key} or ${files.certificate} is no key or certificate`,
      "remove both, and new ones are made",
      error,
    );
  }
}

async function makeCa(x509: typeof X509, folder: string, files: Files): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, usages);
  const now = Date.now();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: randomBytes(16).toString("hex"),
    name: "O=symphony, CN=Symphony laptop mesh",
    notBefore: new Date(now - skewMs),
    notAfter: new Date(now + rootDays * 24 * 3_600_000),
    signingAlgorithm,
    keys: keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await replaceFile(files.key, pemOf(keys.privateKey), 0o600);
    await replaceFile(files.certificate, certificate.toString("pem"), 0o644);
  } catch (error) {
    throw fromDiskError(error, folder);
  }
  return { key: keys.privateKey, certificate };
}

async function issue(
  x509: typeof X509,
  authority: Authority,
  identity: string,
  ttlMs: number,
): Promise<Certificate> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, usages);
  const now = Date.now();
  const notAfter = new Date(now + ttlMs);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: randomBytes(16).toString("hex"),
    // The SPIFFE standard puts the identity into the alternative name alone.
    subject: "",
    issuer: authority.certificate.subject,
    notBefore: new Date(now - skewMs),
    notAfter,
    signingAlgorithm,
    publicKey: keys.publicKey,
    signingKey: authority.key,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([
        x509.ExtendedKeyUsage.serverAuth,
        x509.ExtendedKeyUsage.clientAuth,
      ]),
      new x509.SubjectAlternativeNameExtension([{ type: "url", value: identity }], true),
    ],
  });
  return { chain: `${certificate.toString("pem")}\n`, key: pemOf(keys.privateKey), notAfter };
}

function pemOf(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: "pkcs8", format: "pem" }).toString();
}

/** Whoever reads the file sees the old content or the new one. */
async function replaceFile(file: string, content: string, mode: number): Promise<void> {
  await writeFile(`${file}.new`, content, { mode });
  await rename(`${file}.new`, file);
}
