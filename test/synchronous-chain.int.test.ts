import { service as analytics } from "../services/analytics/service";
import { service as audit } from "../services/audit/service";
import { service as notification } from "../services/notification/service";
import { startMailServer, type TestMailServer } from "../services/notification/test-mail-server";
import { type Harness, startHarness } from "./support/order/harness";
import { startTestService, type TestService } from "./support/service";
import { waitFor } from "./support/wait-for";

jest.setTimeout(60_000);

const chained = { SYNCHRONOUS_CHAIN: "true" };
let mails: TestMailServer;
let notifier: TestService;
let auditor: TestService;
let counter: TestService;
let harness: Harness;

beforeAll(async () => {
  mails = await startMailServer();
  const mail = { SMTP_URL: mails.url, MAIL_FROM: "Symphony <orders@symphony.example>" };
  [notifier, auditor, counter] = await Promise.all([
    startTestService(notification, { ...chained, ...mail }),
    startTestService(audit, chained),
    startTestService(analytics, chained),
  ]);
  harness = await startHarness({
    ...chained,
    NOTIFICATION_URL: notifier.url,
    AUDIT_URL: auditor.url,
    ANALYTICS_URL: counter.url,
  });
});
afterAll(async () => {
  await harness?.stop();
  await Promise.all([notifier?.stop(), auditor?.stop(), counter?.stop()]);
  await mails?.stop();
});
beforeEach(() => {
  harness.peers.reset();
});

const read = async (url: string): Promise<{ items: unknown[] }> =>
  (await (await fetch(url)).json()) as { items: unknown[] };
const confirmedOrders = async (): Promise<number> => {
  const response = await fetch(`${counter.url}/analytics/summary`);
  return ((await response.json()) as { confirmed: { total: number } }).confirmed.total;
};

test("an order is mailed, recorded and counted before its customer has the answer, and no event is sent", async () => {
  const before = await confirmedOrders();
  const placed = await harness.place(await harness.user(), { pattern: "rest" });
  expect(placed).toMatchObject({ status: 201, body: { status: "confirmed" } });
  const orderId = placed.body.id ?? "";
  expect((await read(`${notifier.url}/notifications?orderId=${orderId}`)).items).toHaveLength(1);
  expect((await read(`${auditor.url}/audit?orderId=${orderId}`)).items).toHaveLength(1);
  expect(await confirmedOrders()).toBe(before + 1);
  expect(await (await fetch(`${auditor.url}/audit/verify`)).json()).toMatchObject({ valid: true });
  await waitFor(() => mails.received.some(({ messageId }) => messageId.includes(orderId)), {
    what: "the mail",
  });
  expect(harness.eventsOf(orderId)).toEqual([]);
  // Nor does the order pay for a row that nobody would send.
  const { rows } = await harness.order.db.query("select id from outbox where aggregate_id = $1", [orderId]);
  expect(rows).toEqual([]);
});

test("a link of the chain that fails fails the order, and what was done is undone once each", async () => {
  await auditor.stop();
  const placed = await harness.place(await harness.user(), { pattern: "rest" });
  expect(placed).toMatchObject({ status: 503, body: { code: "peer.unavailable" } });
  expect(harness.peers.called().slice(-3)).toEqual(["cancelShipment", "refund", "release"]);
});

test.each([
  { definition: audit, path: "/audit" },
  { definition: analytics, path: "/analytics/orders" },
])("without the switch there is no POST $path", async ({ definition, path }) => {
  const usual = await startTestService(definition);
  try {
    const response = await fetch(`${usual.url}${path}`, { method: "POST" });
    expect([404, 405]).toContain(response.status);
  } finally {
    await usual.stop();
  }
});

test("order does not start with the switch and without the addresses", async () => {
  await expect(startHarness(chained)).rejects.toThrow("SYNCHRONOUS_CHAIN needs");
});
