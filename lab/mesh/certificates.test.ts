import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { waitFor } from "../../test/support/wait-for";
import { openLocalCa } from "./ca";
import { certificateTtl, createCertificates } from "./certificates";
import { meshLayout } from "./layout";

test.each([
  [undefined, 3_600_000],
  ["30s", 30_000],
  ["10m", 600_000],
  ["24h", 86_400_000],
])("SYMPHONY_CERT_TTL %s is %s ms", (text, ms) => {
  expect(certificateTtl({ SYMPHONY_CERT_TTL: text })).toBe(ms);
});

test.each(["1s", "25h", "ten minutes", "10", "-5m"])("SYMPHONY_CERT_TTL %s is refused", (text) => {
  expect(() => certificateTtl({ SYMPHONY_CERT_TTL: text })).toThrow(/no life of a certificate/);
});

test("a certificate is renewed at half of its life, in the file that Envoy watches", async () => {
  const state = mkdtempSync(join(tmpdir(), "symphony-certificates-"));
  const { folder, path } = meshLayout(state);
  const ca = await openLocalCa(folder);
  const certificates = createCertificates({ ca, path, ttlMs: 2000, say: () => undefined });
  try {
    await certificates.provide({ name: "order-2", namespace: "symphony", serviceAccount: "order" });
    type Secret = { resources: { tls_certificate: { certificate_chain: { inline_string: string } } }[] };
    const read = () => {
      const file = JSON.parse(readFileSync(path("order-2", "sds", "default"), "utf8")) as Secret;
      return new X509Certificate(file.resources[0]!.tls_certificate.certificate_chain.inline_string);
    };
    const first = read();
    expect(first.subjectAltName).toBe("URI:spiffe://cluster.local/ns/symphony/sa/order");
    await waitFor(() => read().serialNumber !== first.serialNumber);
    expect(Number(certificates.ends.get("order-2"))).toBeGreaterThan(Date.parse(first.validTo));
  } finally {
    certificates.stop();
    rmSync(state, { recursive: true });
  }
});
