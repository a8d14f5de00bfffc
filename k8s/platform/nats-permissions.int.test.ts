import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { connect, type NatsConnection } from "nats";

import { type Bus, connectBus, inboxPrefix } from "../../lib/bus";
import { eventsOf, type ServiceName, serviceNames } from "../../lib/events";
import { freePort } from "../../lib/free-port";
import { createLog } from "../../lib/log";
import { startPull } from "../../lib/pull";
import { waitFor } from "../../test/support/wait-for";
import { keepConsumers } from "../provisioner/consumers";
import { adminUser, natsConfig, natsPorts, passwordPrefix } from "./nats-config";

const log = createLog("test", "silent");
const passwordOf = (user: string): string => `p${user}`;
let folder: string;
let server: ChildProcess;
let port: number;
let admin: Bus;
let consumers: ReturnType<typeof keepConsumers>;
const urlOf = (user: string): string => `nats://${user}:${passwordOf(user)}@127.0.0.1:${String(port)}`;

/** The broker of the cluster, with its users and rights; only addresses and folder are the test's. */
beforeAll(async () => {
  port = await freePort();
  folder = mkdtempSync(join(tmpdir(), "symphony-nats-users-"));
  const config = natsConfig(1, () => "")
    .replace(`listen: 0.0.0.0:${String(natsPorts.client)}`, `listen: "127.0.0.1:${String(port)}"`)
    .replace(/^http: .*$/m, "")
    .replace("/data", folder);
  const file = join(folder, "nats.conf");
  writeFileSync(file, config);
  const passwords = [adminUser, ...serviceNames].map((user) => [passwordPrefix + user, passwordOf(user)]);
  server = spawn(process.env.SYMPHONY_TEST_NATS_BIN ?? "nats-server", ["--config", file], {
    env: { POD_NAME: "nats-0", ...(Object.fromEntries(passwords) as Record<string, string>) },
    stdio: "ignore",
  });
  admin = connectBus({ url: urlOf(adminUser), name: "provisioner", log });
  consumers = keepConsumers(admin, { log, replicas: 1 });
  await waitFor(() => consumers.ready(), { what: "streams and consumers" });
});

afterAll(async () => {
  consumers.stop();
  await admin.close();
  server.kill();
  await once(server, "exit");
  rmSync(folder, { recursive: true, force: true });
});

async function connectAs(service: ServiceName): Promise<NatsConnection> {
  return connect({
    servers: `127.0.0.1:${String(port)}`,
    user: service,
    pass: passwordOf(service),
    inboxPrefix: inboxPrefix(service),
  });
}

/** The first right that the broker says is missing, after `act`. */
async function refusalOf(service: ServiceName, act: (connection: NatsConnection) => void): Promise<string> {
  const connection = await connectAs(service);
  try {
    const refused = (async () => {
      for await (const status of connection.status())
        if (status.permissionContext !== undefined) return status.permissionContext.subject;
      return "nothing";
    })();
    act(connection);
    // The broker answers in order: once it has answered this, a refusal is here.
    await connection.flush();
    return await Promise.race([
      refused,
      new Promise<string>((resolve) => setImmediate(() => resolve("nothing"))),
    ]);
  } finally {
    await connection.close();
  }
}

test("an event goes from its producer to its consumer", async () => {
  const producer = connectBus({ url: urlOf("order"), name: "order", log });
  const consumer = connectBus({ url: urlOf("inventory"), name: "inventory", log });
  const received: string[] = [];
  const pull = startPull({
    bus: consumer,
    log,
    stream: "EVENTS",
    durable: "inventory",
    subjects: eventsOf("inventory"),
    limit: 10,
    receive: (delivery) => {
      received.push(delivery.subject);
      delivery.ack();
    },
  });
  try {
    await producer.connection();
    await producer.publish({ subject: "order.saga-started", id: "one", headers: {}, data: "{}" });
    await waitFor(() => received.length > 0, { what: "the event" });
    expect(received).toEqual(["order.saga-started"]);
    expect(await pull.lag()).toBe(0);
    await consumer.publish({ subject: "dlq.inventory.order.created", id: "two", headers: {}, data: "{}" });
  } finally {
    await pull.stop();
    await Promise.all([producer.close(), consumer.close()]);
  }
});

test("analytics reads the stream from its start", async () => {
  const connection = await connectAs("analytics");
  try {
    await connectAs("order").then(async (order) => {
      await order.jetstream().publish("order.created", "{}");
      await order.close();
    });
    const manager = await connection.jetstreamManager();
    expect(await manager.streams.getMessage("EVENTS", { last_by_subj: "order.created" })).toBeDefined();
    const consumer = await connection
      .jetstream()
      .consumers.get("EVENTS", { filterSubjects: ["order.created"] });
    const messages = await consumer.consume({ max_messages: 10 });
    for await (const message of messages) {
      expect(message.subject).toBe("order.created");
      break;
    }
    await messages.close();
  } finally {
    await connection.close();
  }
});

test.each<[ServiceName, string]>([
  ["order", "payment.processed"],
  ["order", "dlq.payment.order.created"],
  ["order", "$JS.API.CONSUMER.MSG.NEXT.EVENTS.payment"],
  ["order", "$JS.API.CONSUMER.CREATE.EVENTS.order"],
  ["order", "$JS.API.CONSUMER.DELETE.EVENTS.order"],
  ["order", "$JS.API.STREAM.DELETE.EVENTS"],
  ["order", "$JS.API.STREAM.MSG.GET.EVENTS"],
  ["order", "$JS.API.STREAM.PURGE.DLQ"],
  ["gateway", "order.created"],
  ["analytics", "$JS.API.CONSUMER.CREATE.EVENTS.payment"],
  ["analytics", "$JS.API.CONSUMER.MSG.NEXT.EVENTS.audit"],
  ["analytics", "$JS.ACK.EVENTS.order.1.1.1.1.1"],
  ["analytics", "$JS.API.CONSUMER.DELETE.EVENTS.analytics"],
])("%s may not publish %s", async (service, subject) => {
  expect(await refusalOf(service, (connection) => connection.publish(subject))).toBe(subject);
});

test.each<[ServiceName, string]>([
  ["payment", "order.>"],
  ["payment", "_INBOX.>"],
  ["payment", "_INBOX.audit.>"],
  ["payment", "$JS.EVENT.>"],
])("%s may not listen to %s", async (service, subject) => {
  const refused = refusalOf(
    service,
    (connection) => void connection.subscribe(subject, { callback: () => undefined }),
  );
  expect(await refused).toBe(subject);
});

test("what is its own is refused to nobody", async () => {
  expect(await refusalOf("payment", (connection) => connection.publish("payment.processed", "{}"))).toBe(
    "nothing",
  );
});
