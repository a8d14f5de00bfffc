import { readFileSync } from "node:fs";
import { join } from "node:path";

import { findProject } from "../run/project";
import { describeEffect, parseComments, parseFault, readFaults } from "./faults";

const read = (name: string): string => readFileSync(join(findProject(), `mesh/faults/${name}.yaml`), "utf8");

test("every fault file can be read, is named like its file and says what to expect", async () => {
  const faults = await readFaults();
  expect(faults.length).toBeGreaterThanOrEqual(12);
  for (const fault of faults) {
    expect(fault.file).toBe(`mesh/faults/${fault.name}.yaml`);
    expect(fault.summary).not.toBe("");
    expect(fault.workload).toBe(fault.name.split("-")[0]);
  }
});

test.each([
  ["payment-abort-some", "503 for 2 % of the calls"],
  ["payment-delay", "2s longer for 50 % of the calls"],
  ["inventory-slow-drip", "answers at 1 KiB/s for 100 % of the calls"],
  ["shipping-reset", "connection closed for 100 % of the connections"],
  ["shipping-abort-grpc", "gRPC status 14 for 100 % of the calls with content-type prefix application/grpc"],
  ["payment-abort-header", "503 for 100 % of the calls with x-symphony-fault: payment-abort"],
])("%s: %s", (name, text) => {
  expect(describeEffect(parseFault(read(name), name).effect)).toBe(text);
});

test("a fault of one replica names the label that makes it the one", () => {
  const fault = parseFault(read("inventory-flaky-replica"), "inventory-flaky-replica");
  expect(fault.replicaLabel).toEqual({ key: "symphony.dev/flaky", value: "true" });
});

test("comments go over several lines", () => {
  const text =
    "# Breaks.\n# Badly.\n#\n# Blast radius: all\n# of it.\n# Symptom: none,\n# really.\nkind: X\n# Symptom: not this\n";
  expect(parseComments(text)).toEqual({
    summary: "Breaks. Badly.",
    blastRadius: "all of it.",
    symptom: "none, really.",
  });
});

test.each([
  ["without a symptom", read("payment-delay").replace("# Symptom:", "# Hint:"), /symptom in comments/],
  ["of another kind", read("payment-delay").replace("kind: EnvoyFilter", "kind: Gateway"), /kind/],
  ["without a label", read("payment-delay").replace("symphony.dev/fault:", "other:"), /symphony.dev\/fault/],
  ["that does nothing", read("payment-delay").replace("delay:", "later:"), /no fault/],
])("a file %s is refused by name", (_case, text, problem) => {
  expect(() => parseFault(text, "mesh/faults/x.yaml")).toThrow(problem);
});
