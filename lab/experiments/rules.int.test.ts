import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { serviceNames } from "../../lib/events";
import { independentFaults } from "../bench/headline/faults";
import { independent } from "../bench/headline/schedule";
import { compile } from "../compile/compile";
import { planWorld } from "../compile/default-world";
import { openLocalCa } from "../mesh/ca";
import { createCertificates } from "../mesh/certificates";
import { meshLayout } from "../mesh/layout";
import { Rules } from "../mesh/rules";
import { readMeshConfig, readSources } from "../mesh/sources";
import { validateFiles } from "../mesh/validate";
import { toFiles } from "../mesh/xds-files";
import { ensureEnvoy } from "../run/tools";
import { ruleFile } from "./actions";
import { experimentFiles, loadExperiment } from "./parse";
import { abortRule, delayRule, partitionRule } from "./rules";

let folder: string;
let binary: string;
let root: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "symphony-rules-"));
  binary = await ensureEnvoy({ environment: process.env });
  const { path, folder: home } = meshLayout(folder);
  const ca = await openLocalCa(home);
  root = ca.root;
  const certificates = createCertificates({ ca, path, ttlMs: 3_600_000, say: () => undefined });
  for (const name of serviceNames)
    await certificates.provide({ name, namespace: "symphony", serviceAccount: name });
  certificates.stop();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const base = new Rules(readSources("mesh/base"));

/** What a sidecar is told with a rule over mesh/base; as text, and approved by Envoy. */
async function told(rule: { path: string; text: string }, workload: string): Promise<string> {
  const world = planWorld({ meshConfig: readMeshConfig() });
  const { path } = meshLayout(folder);
  const { proxies, objects } = compile(base.apply(rule).files(), world, { path });
  expect(objects.filter(({ file }) => file === rule.path).map(({ effect }) => effect)).not.toContain("none");
  const config = proxies.get(workload);
  if (config === undefined) throw new Error(`${workload} has no sidecar`);
  await validateFiles(binary, folder, toFiles(config, root, new Set()));
  return JSON.stringify(config);
}

test.each([
  [
    "calls answered with a status",
    abortRule({ service: "payment", status: 503, percent: 6 }),
    ['"http_status":503', '"numerator":60000'],
  ],
  [
    "calls that take longer",
    delayRule({ service: "payment", byMs: 2000, percent: 100 }),
    ['"fixed_delay":"2s"'],
  ],
  [
    "a slow link",
    delayRule({ service: "payment", byMs: 1500, percent: 100, from: "order" }),
    ['"fixed_delay":"1.5s"', '"contains":"/sa/order"'],
  ],
  [
    "a partition",
    partitionRule({ from: "order", to: "payment" }),
    ['"action":"DENY"', "spiffe://cluster.local/ns/symphony/sa/order", "experiment_partition_order_payment"],
  ],
])("%s: Envoy takes the rule", async (_name, rule, parts) => {
  const config = await told(rule, "payment");
  for (const part of parts) expect(config).toContain(part);
});

test("the headline bench's faults: Envoy takes an abort and each of the delays, in every service that they break", async () => {
  if (!("yaml" in independentFaults)) throw new Error("they are no text");
  const rule = { path: "the bench's faults", text: independentFaults.yaml };
  for (const service of ["order", "inventory", "payment", "shipping", "notification", "audit", "analytics"]) {
    const config = await told(rule, service);
    expect(config).toContain('"percentage":{"numerator":51,"denominator":"TEN_THOUSAND"}');
    for (const { seconds, percent } of independent.delays)
      expect(config).toContain(
        `"fixed_delay":"${String(seconds)}s","percentage":{"numerator":${String(percent * 100)},"denominator":"TEN_THOUSAND"}`,
      );
  }
});

test("every file that takes a protection away is a rule that Envoy takes", async () => {
  const all = await Promise.all(experimentFiles().map(loadExperiment));
  const files = [...new Set(all.flatMap(({ experiment }) => experiment.protection?.without.rules ?? []))];
  expect(files.length).toBeGreaterThan(0);
  for (const file of files) {
    const rule = await ruleFile(file);
    if (rule.kind !== "rule") throw new Error(`${file} is no rule`);
    expect(await readFile(join(__dirname, "../..", file), "utf8")).toBe(rule.text);
    await told(rule, "order");
  }
});
