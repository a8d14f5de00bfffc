import { type Faults } from "../target/fault-control";
import { type Kubectl } from "../target/kubectl";
import { type MeshTarget } from "../target/target";
import { createKubeDisturber } from "./kube-disturb";
import { addedBy, leftOverOf } from "./kube-left-over";

const host = (name: string, extra = ""): string => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: ${name}
  namespace: symphony
spec:
  hosts: [${name}]
${extra}`;
const text = `${host("payment")}---\n${host("extra")}`;
const inForce = {
  apiVersion: "networking.istio.io/v1",
  kind: "VirtualService",
  metadata: {
    name: "payment",
    namespace: "symphony",
    uid: "1",
    resourceVersion: "7",
    annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}", why: "mine" },
  },
  spec: { hosts: ["payment"], http: [{ timeout: "5s" }] },
  status: {},
};

/** Answers every question with what is in force, and knows no pod. */
function kubectl(answer: string): Kubectl {
  return {
    context: "kind-test",
    run: () => Promise.resolve(answer),
    json: () => Promise.resolve({ items: [] }),
    start: () => {
      throw new Error("nothing is started");
    },
  };
}
const rule = { kind: "rule", path: "x.yaml", text } as const;

test.each([
  ["a list", JSON.stringify({ kind: "List", items: [inForce] })],
  ["one object", JSON.stringify(inForce)],
])(
  "what a rule replaces is kept as it was, without what the cluster wrote itself: %s",
  async (_name, answer) => {
    const { covered = "" } = await leftOverOf(kubectl(answer), rule);
    expect(covered).toContain("timeout: 5s");
    expect(covered).toContain("why: mine");
    for (const word of ["last-applied", "resourceVersion", "uid", "status"])
      expect(covered).not.toContain(word);
    expect(addedBy(text, covered)).toContain("name: extra");
    expect(addedBy(text, covered)).not.toContain("name: payment");
  },
);

test("a rule that replaces nothing goes whole", async () => {
  const left = await leftOverOf(kubectl(""), rule);
  expect(left.covered).toBe("");
  expect(addedBy(text, "")).toContain("name: payment");
});

test("what is no rule and changes no number of pods needs nothing to be known", async () => {
  const kill = { kind: "kill", victim: "broker" } as const;
  expect(await leftOverOf(kubectl(""), kill)).toEqual({ disturbance: kill });
  const hold = { kind: "hold", victim: "payment" } as const;
  expect(await leftOverOf(kubectl(""), hold)).toEqual({ disturbance: hold, replicas: 0 });
});

test.each(["heal", "healLeftOver"] as const)(
  "%s brings back what a rule replaced, and deletes only what it added",
  async (how) => {
    const done: string[] = [];
    const read = (given: unknown): string => (given as { yaml: string }).yaml.replaceAll("\n", " ");
    const target = {
      apply: (given: unknown) => Promise.resolve(void done.push(`apply ${read(given)}`)),
      remove: (given: unknown) => Promise.resolve(void done.push(`remove ${read(given)}`)),
    } as unknown as MeshTarget;
    const cluster = kubectl(JSON.stringify(inForce));
    const disturber = createKubeDisturber({ kubectl: cluster, target, faults: {} as Faults });
    const what = await leftOverOf(cluster, rule);
    const disturbed = await disturber.perform(what);
    done.length = 0;
    await (how === "heal" ? disturbed.heal() : disturber.healLeftOver(what));
    expect(done).toEqual([
      expect.stringMatching(/^remove .*name: extra/),
      expect.stringMatching(/^apply .*name: payment.*timeout: 5s/),
    ]);
    expect(done[0]).not.toContain("payment");
  },
);
