import { namespaces } from "../../lab/target/kubectl";
import { openCluster, run } from "../support/cluster";

jest.setTimeout(300_000);

beforeAll(async () => {
  await (await openCluster()).close();
});

test.each([namespaces.services, namespaces.platform, namespaces.istio])(
  "istioctl finds nothing wrong in %s",
  async (namespace) => {
    const { code, stdout, stderr } = await run("istioctl", ["analyze", "-n", namespace, "--color=false"]);
    // Istio's own install is not ours to change; what it says of it is no more than a hint.
    const findings = (stdout + stderr)
      .split("\n")
      .filter((line) => /^(Error|Warning) \[IST/.test(line))
      .filter((line) => namespace !== namespaces.istio || /symphony/.test(line));
    expect(findings).toEqual([]);
    expect(code).toBe(0);
  },
);
