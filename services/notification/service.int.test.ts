import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

import { v7 as uuidv7 } from "uuid";

import { type EventData } from "../../lib/events";
import { publishEvent, sampleEvent } from "../../test/support/events";
import { startTestService, type TestService } from "../../test/support/service";
import { waitFor } from "../../test/support/wait-for";
import { service } from "./service";
import { startMailServer, type TestMailServer } from "./test-mail-server";

jest.setTimeout(60_000);

const from = "Symphony <orders@symphony.example>";
let mails: TestMailServer;
let running: TestService;

beforeAll(async () => {
  mails = await startMailServer();
  running = await startTestService(service, { SMTP_URL: mails.url, MAIL_FROM: from });
  await running.bus.connection();
});

afterEach(() => {
  mails.judge = () => undefined;
});

afterAll(async () => {
  await running.stop();
  await mails.stop();
});

type Row = { status: string; attempts: number; last_error: string | null };

const publish = (name: string, data: object, options = {}) =>
  publishEvent(running.environment.NATS_URL!, name, data, options);

const mailsOf = (orderId: string) => mails.received.filter((mail) => mail.messageId.includes(orderId));

async function rowsOf(orderId: string): Promise<Row[]> {
  const text = "select status, attempts, last_error from notifications where order_id = $1 order by id";
  return (await running.db.query<Row>(text, [orderId])).rows;
}

const waitForStatus = (orderId: string, status: string) =>
  waitFor(async () => (await rowsOf(orderId)).find((row) => row.status === status), {
    what: `a mail ${status}`,
  });

async function complete(data: Partial<EventData<"saga.completed">> = {}): Promise<string> {
  const event = sampleEvent("saga.completed", data);
  await publish("saga.completed", event);
  return event.order_id;
}

async function list(query: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${running.url}/notifications?${query}`);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

test("a confirmed order is mailed to its customer and listed as sent", async () => {
  const orderId = await complete({ email: "grace@example.com" });
  await waitForStatus(orderId, "sent");
  const [mail] = mailsOf(orderId);
  expect(mail).toMatchObject({
    to: "grace@example.com",
    messageId: `<${orderId}.order-confirmed@symphony.example>`,
    subject: expect.stringContaining("confirmed"),
  });
  expect(mail?.raw).toContain("multipart/alternative");
  const { body } = await list(`orderId=${orderId}`);
  expect(body).toEqual({
    items: [{ kind: "order-confirmed", status: "sent", subject: mail?.subject, sentAt: expect.any(String) }],
    nextCursor: null,
  });
});

test("a failed order's mail says why in words", async () => {
  const event = sampleEvent("saga.failed", { reason: "payment.declined: the bank said no" });
  await publish("saga.failed", event);
  await waitForStatus(event.order_id, "sent");
  expect(mailsOf(event.order_id)[0]?.raw).toContain("your payment was declined");
});

test("duplicates and a shuffle make one mail per order and kind", async () => {
  const orderIds = Array.from({ length: 8 }, () => uuidv7());
  const events = orderIds.flatMap((order_id) => [
    { id: uuidv7(), name: "saga.completed" as const, data: sampleEvent("saga.completed", { order_id }) },
    { id: uuidv7(), name: "saga.failed" as const, data: sampleEvent("saga.failed", { order_id }) },
    // The same order again under another id, as a faulty producer would send it.
    { id: uuidv7(), name: "saga.completed" as const, data: sampleEvent("saga.completed", { order_id }) },
  ]);
  const deliveries = [...events, ...[...events].reverse(), ...events.filter((_, index) => index % 2 === 0)];
  await Promise.all(deliveries.map(({ id, name, data }) => publish(name, data, { id })));
  await waitFor(async () => {
    const { rows } = await running.db.query<{ count: number }>(
      "select count(*) from inbox where message_id = any($1::uuid[])",
      [events.map((event) => event.id)],
    );
    return rows[0]?.count === events.length;
  });
  for (const orderId of orderIds) {
    await waitFor(async () => (await rowsOf(orderId)).every((row) => row.status === "sent"));
    const kinds = mailsOf(orderId).map((mail) => mail.messageId);
    expect(kinds.sort()).toEqual([
      `<${orderId}.order-confirmed@symphony.example>`,
      `<${orderId}.order-failed@symphony.example>`,
    ]);
  }
});

test("a mail server that is down loses no mail and holds up no event", async () => {
  await mails.stop();
  const first = await complete();
  await waitFor(async () => (await rowsOf(first)).some((row) => row.last_error !== null), {
    what: "a failed try",
  });
  const more = await Promise.all(Array.from({ length: 12 }, () => complete()));
  const orderIds = [first, ...more];
  // All are recorded although not one can be sent.
  for (const orderId of orderIds) await waitForStatus(orderId, "queued");
  const taken = mails.received;
  mails = await startMailServer(mails.port);
  mails.received.push(...taken);
  for (const orderId of orderIds) {
    await waitForStatus(orderId, "sent");
    expect(mailsOf(orderId)).toHaveLength(1);
    // The outage has cost none of the tries.
    expect((await rowsOf(orderId))[0]).toMatchObject({ attempts: 1, last_error: null });
  }
});

test("a mail that the server refuses for good fails at once, and others go on", async () => {
  mails.judge = (mail) => (mail.to === "nobody@example.com" ? 550 : undefined);
  const refused = await complete({ email: "nobody@example.com" });
  const row = await waitForStatus(refused, "failed");
  expect(row).toEqual({
    status: "failed",
    attempts: 1,
    last_error: expect.stringContaining("not for <[address]>"),
  });
  const taken = await complete();
  await waitForStatus(taken, "sent");
});

test("a mail that the server puts off is tried again, and given up after ten tries", async () => {
  mails.judge = () => 451;
  const orderId = await complete();
  for (let attempt = 1; attempt < 10; attempt += 1) {
    const put = await waitFor(async () => {
      // Time passes: the back-off that follows this try is over.
      const text = `update notifications set next_attempt_at = now(), last_error = null
                    where order_id = $1 and attempts = $2 and last_error is not null returning status`;
      return (await running.db.query<{ status: string }>(text, [orderId, attempt])).rows[0];
    });
    expect(put.status).toBe("queued");
  }
  expect(await waitForStatus(orderId, "failed")).toMatchObject({ attempts: 10 });
  expect(mailsOf(orderId)).toHaveLength(10);
});

test("a sender killed between send and mark: the mail goes out again with the same Message-ID", async () => {
  // Only the process that is to die has this mail server.
  const deadly = await startMailServer();
  const otherMails = await startMailServer();
  const victim = await startTestService(service, { SMTP_URL: otherMails.url, MAIL_FROM: from });
  const { DATABASE_URL, NATS_URL } = victim.environment;
  let child: ChildProcess | undefined;
  try {
    deadly.judge = async () => {
      child?.kill("SIGKILL");
      await once(child!, "exit");
      return undefined;
    };
    await victim.bus.connection();
    // The mail waits, so that the surviving sender does not take it first.
    await otherMails.stop();
    const event = sampleEvent("saga.completed");
    await publishEvent(NATS_URL!, "saga.completed", event);
    await waitFor(async () => {
      const { rows } = await victim.db.query("select from notifications where last_error is not null", []);
      return rows.length === 1;
    });
    child = startProcess({ DATABASE_URL: DATABASE_URL!, NATS_URL: NATS_URL!, SMTP_URL: deadly.url });
    await waitFor(() => child?.signalCode === "SIGKILL", { timeoutMs: 30_000, what: "the kill" });
    const { rows } = await victim.db.query<{ status: string }>("select status from notifications", []);
    expect(rows).toEqual([{ status: "queued" }]);

    const back = await startMailServer(otherMails.port);
    try {
      // Time passes: the lease of the dead sender runs out.
      await victim.db.query("update notifications set next_attempt_at = now()", []);
      await waitFor(() => back.received.length > 0, { timeoutMs: 40_000, what: "the second copy" });
      expect(back.received[0]?.messageId).toBe(deadly.received[0]?.messageId);
      expect(back.received[0]?.messageId).toContain(event.order_id);
      await waitFor(async () => {
        const { rows: after } = await victim.db.query<{ status: string }>(
          "select status from notifications",
          [],
        );
        return after[0]?.status === "sent";
      });
    } finally {
      await back.stop();
    }
  } finally {
    child?.kill("SIGKILL");
    await victim.stop();
    await deadly.stop();
  }
});

test.each([
  ["", "orderId"],
  ["orderId=1", "orderId"],
  [`orderId=${uuidv7()}&limit=0`, "limit"],
  [`orderId=${uuidv7()}&cursor=x`, "cursor"],
  [`orderId=${uuidv7()}&order=1`, "order"],
])("the query %j is refused and names the field", async (query, path) => {
  const { status, body } = await list(query);
  expect(status).toBe(400);
  expect(body).toMatchObject({ code: "request.invalid", errors: [{ path: expect.stringContaining(path) }] });
});

test("pages", async () => {
  const orderId = uuidv7();
  await publish("saga.completed", sampleEvent("saga.completed", { order_id: orderId }));
  await waitForStatus(orderId, "sent");
  await publish("saga.failed", sampleEvent("saga.failed", { order_id: orderId }));
  await waitFor(async () => (await rowsOf(orderId)).length === 2);
  const first = await list(`orderId=${orderId}&limit=1`);
  expect(first.body).toMatchObject({ items: [{ kind: "order-confirmed" }], nextCursor: expect.any(String) });
  const second = await list(`orderId=${orderId}&limit=1&cursor=${String(first.body.nextCursor)}`);
  expect(second.body).toMatchObject({ items: [{ kind: "order-failed" }], nextCursor: null });
});

/** The service as a process of its own, compiled as it is loaded. */
function startProcess(environment: Record<string, string>): ChildProcess {
  const compile = `
    require.extensions[".ts"] = (module, file) =>
      module._compile(require("@swc/core").transformFileSync(file).code, file);
    require(${JSON.stringify(join(__dirname, "main.ts"))});`;
  return spawn(process.execPath, ["--eval", compile], {
    cwd: join(__dirname, "../.."),
    stdio: "ignore",
    env: { ...process.env, PORT: "0", MAIL_FROM: from, ...environment },
  });
}
