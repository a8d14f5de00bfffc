import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { openLocalCa, spiffeId } from "./ca";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "symphony-ca-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const order = spiffeId("cluster.local", "symphony", "order");

test("a certificate names its workload, is signed by the root, and ends in time", async () => {
  const ca = await openLocalCa(folder);
  const issued = await ca.issue(order, 60_000);
  const certificate = new X509Certificate(issued.chain);
  expect(certificate.subjectAltName).toBe("URI:spiffe://cluster.local/ns/symphony/sa/order");
  expect(certificate.verify(new X509Certificate(ca.root).publicKey)).toBe(true);
  expect(certificate.ca).toBe(false);
  expect(certificate.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: "prime256v1" });
  expect(Math.abs(Date.parse(certificate.validTo) - issued.notAfter.getTime())).toBeLessThan(1000);
  expect(issued.notAfter.getTime()).toBeLessThanOrEqual(Date.now() + 60_000);
  expect(new Set([certificate.serialNumber, new X509Certificate(ca.root).serialNumber]).size).toBe(2);
});

test("the authority outlives the run, and only its owner may read its key", async () => {
  const first = await openLocalCa(folder);
  const again = await openLocalCa(folder);
  expect(again.root).toBe(first.root);
  const certificate = new X509Certificate((await again.issue(order, 60_000)).chain);
  expect(certificate.verify(new X509Certificate(first.root).publicKey)).toBe(true);
  expect(statSync(join(folder, "ca-key.pem")).mode & 0o777).toBe(0o600);
});

test("a broken key is said with its fix", async () => {
  await openLocalCa(folder);
  writeFileSync(join(folder, "ca-key.pem"), "not a key");
  await expect(openLocalCa(folder)).rejects.toMatchObject({ code: "mesh.ca_broken", exitCode: 3 });
});
