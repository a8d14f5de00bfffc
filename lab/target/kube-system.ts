import { z } from "zod";

import { type ServiceName, serviceNames } from "../../lib/events";
import { environmentFailure } from "../run/failure";
import { shortHash, stateFolder } from "../run/project";
import { loadSecrets } from "../run/secrets";
import { confirmContext } from "./confirm";
import { createForwards } from "./forward";
import { ingressUrl } from "./ingress";
import { type Kubectl, namespaces, openKubectl } from "./kubectl";
import { podsOf } from "./pods";
import { type System } from "./system";

const secret = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  data: z.record(z.string(), z.string()).default({}),
});
const secretList = z.looseObject({ items: z.array(secret) });

/** The values of Secrets, in the order of their names. A missing one is a failure that names it. */
async function readSecrets(
  kubectl: Kubectl,
  namespace: string,
  names: readonly string[],
): Promise<Record<string, string>[]> {
  const command = ["get", "secret", "-n", namespace, ...names, "--ignore-not-found", "-o", "json"];
  const text = await kubectl.run(command);
  const answer: unknown = text.trim() === "" ? { items: [] } : JSON.parse(text);
  const list = secretList.safeParse(answer);
  const found = list.success ? list.data.items : [secret.parse(answer)];
  return names.map((name) => {
    const data = found.find(({ metadata }) => metadata.name === name)?.data;
    if (data === undefined)
      throw environmentFailure(
        "kube.no_secret",
        `Secret ${name} is missing in namespace ${namespace}`,
        "make it with k8s/secrets, or see charts/symphony/values-production.yaml",
      );
    return Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")]),
    );
  });
}

/** The platform's Service that a URL inside the cluster names; undefined where its host is outside. */
export function serviceOf(url: URL): { namespace: string; resource: string; port: number } | undefined {
  const [name, namespace, ...rest] = url.hostname.split(".");
  if (namespace !== namespaces.platform || (rest.length > 0 && rest[0] !== "svc")) return undefined;
  return { namespace, resource: `service/${name ?? ""}`, port: Number(url.port) };
}

/**
 * The system of kubectl's current context. Databases and the broker are reached through forwarded ports with the
 * credentials of the Secrets; external ones at the addresses that the services use.
 */
export async function openKubeSystem({ changes }: { changes: boolean }): Promise<System> {
  const kubectl = await openKubectl();
  if ((await podsOf(kubectl, "gateway")).length === 0)
    throw environmentFailure(
      "kube.no_symphony",
      `no gateway runs in namespace ${namespaces.services} of context ${kubectl.context}`,
      "install Symphony with skaffold run, and see ./symphony --target kube status",
    );
  if (changes) await confirmContext(kubectl.context);
  const forwards = createForwards(kubectl);

  async function fromHere(text: string): Promise<string> {
    const url = new URL(text);
    const service = serviceOf(url);
    if (service === undefined) return text;
    url.hostname = "127.0.0.1";
    url.port = String(await forwards.open(service));
    return url.toString();
  }

  return {
    target: "kube",
    url: () => ingressUrl(kubectl, forwards),
    async serviceUrl(service) {
      const options = { namespace: namespaces.services, resource: `service/${service}`, port: 8080 };
      return `http://127.0.0.1:${String(await forwards.open(options))}`;
    },
    async admin() {
      const [admin] = await readSecrets(kubectl, namespaces.services, ["user-admin"]);
      return { email: admin?.email ?? "", password: admin?.password ?? "" };
    },
    async demo() {
      const { password } = (await loadSecrets(stateFolder())).demo;
      // A cluster is shared: another checkout has another password for its customer.
      return { email: `demo-${shortHash(password)}@symphony.example`, password };
    },
    async natsUrl() {
      const [users] = await readSecrets(kubectl, namespaces.platform, ["nats-users"]);
      const url = new URL(await fromHere(`nats://nats.${namespaces.platform}:4222`));
      url.username = "admin";
      url.password = users?.admin ?? "";
      return url.toString();
    },
    async databaseUrls() {
      const names = serviceNames.map((service) => `${service}-database`);
      const secrets = await readSecrets(kubectl, namespaces.services, names);
      const entries: [ServiceName, string][] = [];
      // One after the other, because most share one forwarded port.
      for (const [index, service] of serviceNames.entries())
        entries.push([service, await fromHere(secrets[index]?.url ?? "")]);
      return Object.fromEntries(entries);
    },
    close() {
      forwards.close();
      return Promise.resolve();
    },
  };
}
