import { connect, type NatsConnection, StringCodec } from "nats";
import pg from "pg";
import { z } from "zod";

import { type Sources } from "../../lab/invariants/read";
import { namespaces } from "../../lab/target/kubectl";
import { eventNames, events, serviceNames } from "../../lib/events";
import { type Cluster, openCluster } from "../support/cluster";
import { callOnce } from "../support/mesh";
import { waitFor } from "../support/wait-for";

jest.setTimeout(180_000);

let cluster: Cluster;
let sources: Sources;
beforeAll(async () => {
  cluster = await openCluster();
});
beforeEach(async () => {
  // Each time: a forwarded port ends when a connection through it breaks, as every refused one does.
  sources = await cluster.sources();
});
afterAll(() => cluster?.close());

const servers = [
  ...serviceNames.map((service) => ({ namespace: namespaces.services, name: service, port: 8080 })),
  { namespace: namespaces.platform, name: "postgres", port: 5432 },
  { namespace: namespaces.platform, name: "nats", port: 4222 },
  { namespace: namespaces.platform, name: "nats-peers", port: 8222 },
];

const addressed = z.object({
  subsets: z.tuple([z.object({ addresses: z.tuple([z.object({ ip: z.string() })]) })]),
});

/** The addresses of pods: who cannot even look up a name has not shown that he is refused. */
async function readAddresses(): Promise<string[]> {
  return Promise.all(
    servers.map(async ({ namespace, name, port }) => {
      const found = await cluster.kubectl.json(["get", "endpoints", "-n", namespace, name, "-o", "json"]);
      const { subsets } = addressed.parse(found);
      return `${subsets[0].addresses[0].ip}:${String(port)}`;
    }),
  );
}

describe.each([
  ["without a sidecar", "outsider", false],
  ["with another identity", "intruder", true],
])("a pod %s", (_, name, sidecar) => {
  // As anybody's pod is: the network policies stand in its way too.
  beforeAll(() => cluster.target.startStranger({ name, sidecar, network: false }));
  afterAll(() => cluster.target.stopStranger(name));

  test("reaches nothing", async () => {
    const names = servers.map(({ namespace, name, port }) => `${name}.${namespace}:${String(port)}`);
    const answers = await Promise.all(
      [...names, ...(await readAddresses())].map(async (to) => ({
        to,
        answer: await callOnce(cluster.target, name, { to, path: "/health", timeoutMs: 5000 }),
      })),
    );
    // Nothing at all, or a refusal of the mesh; what is no HTTP would show in the parser's complaint.
    const reached = answers.filter(
      ({ answer }) => ![0, 403, 503].includes(answer.status) || (answer.error ?? "").startsWith("HPE"),
    );
    expect(reached).toEqual([]);
  });
});

describe("a service's role", () => {
  const others = serviceNames.flatMap((role) =>
    serviceNames.filter((service) => service !== role).map((database) => [role, database] as const),
  );

  test.each(others)("%s opens no connection to the database of %s", async (role, database) => {
    const url = new URL(sources.databases[role]);
    url.pathname = `/${database}`;
    const client = new pg.Client({ connectionString: url.href });
    // Refused before anything is asked: pg_hba.conf has no line for them.
    await expect(client.connect()).rejects.toMatchObject({ code: "28000" });
  });
});

describe("a service's user of the broker", () => {
  async function connectAs(service: string): Promise<NatsConnection> {
    const found = await cluster.kubectl.json([
      "get",
      "secret",
      "-n",
      namespaces.services,
      `${service}-nats`,
      "-o",
      "json",
    ]);
    const { data } = found as { data: { url: string } };
    const own = new URL(Buffer.from(data.url, "base64").toString("utf8"));
    return connect({
      servers: new URL(sources.natsUrl).host,
      user: own.username,
      pass: decodeURIComponent(own.password),
      inboxPrefix: `_INBOX_${service}`,
    });
  }

  test.each(serviceNames)("%s publishes no other service's subject", async (service) => {
    const connection = await connectAs(service);
    const refused = new Set<string>();
    // Ends with the connection.
    void (async () => {
      for await (const status of connection.status()) {
        const subject = status.permissionContext?.subject;
        if (subject !== undefined) refused.add(subject);
      }
    })();
    const foreign = eventNames.filter((event) => events[event].producer !== service);
    try {
      for (const subject of foreign) connection.publish(subject, StringCodec().encode("{}"));
      await waitFor(() => refused.size === foreign.length, { what: "the refusal of every subject" });
      expect([...refused].sort()).toEqual([...foreign].sort());
    } finally {
      await connection.close();
    }
  });
});
