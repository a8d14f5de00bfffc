import { maxAttempts, outcomeOf, settle, withoutAddresses } from "./delivery";

const smtpError = (message: string, fields: object) => Object.assign(new Error(message), fields);

test.each([
  ["unreachable", "connect ECONNREFUSED", { code: "ESOCKET", command: "CONN" }],
  ["unreachable", "Greeting never received", { code: "ETIMEDOUT", command: "CONN" }],
  ["unreachable", "Invalid login: 535", { code: "EAUTH", responseCode: 535, command: "AUTH PLAIN" }],
  ["unreachable", "Message failed: 421 closing", { code: "EMESSAGE", responseCode: 421, command: "DATA" }],
  ["unreachable", "Connection pool was closed", {}],
  [
    "deferred",
    "Mail command failed: 451 later",
    { code: "EENVELOPE", responseCode: 451, command: "RCPT TO" },
  ],
  ["deferred", "Message failed: 452 full", { code: "EMESSAGE", responseCode: 452, command: "DATA" }],
  ["refused", "Can't send mail: 550 unknown", { code: "EENVELOPE", responseCode: 550, command: "RCPT TO" }],
  ["refused", "Message failed: 554 spam", { code: "EMESSAGE", responseCode: 554, command: "DATA" }],
  ["refused", "No recipients defined", { code: "EENVELOPE", command: "API" }],
])("%s: %s", (result, message, fields) => {
  expect(outcomeOf(smtpError(message, fields))).toEqual({ result, reason: message });
});

test("a reason holds no address and is bounded", () => {
  const outcome = outcomeOf(smtpError(`550 <ada@example.com> ${"x".repeat(1000)}`, { code: "EENVELOPE" }));
  expect(outcome).toMatchObject({ reason: expect.stringMatching(/^550 <\[address\]> x+$/) });
  expect((outcome as { reason: string }).reason).toHaveLength(500);
});

test.each([
  ["to a@b.c, d@e.f", "to [address], [address]"],
  ["<a.b+c@d.example>: no", "<[address]>: no"],
  ["at 10:00 @ night", "at 10:00 @ night"],
])("%j without addresses", (text, rest) => {
  expect(withoutAddresses(text)).toBe(rest);
});

const reason = "because";
test.each([
  ["sent", { result: "sent" }, 1, true, { status: "sent", error: null, charged: true }],
  ["refused", { result: "refused", reason }, 1, true, { status: "failed", error: reason, charged: true }],
  ["deferred", { result: "deferred", reason }, 3, true, { status: "queued", delayMs: 8000, charged: true }],
  [
    "deferred for the last time",
    { result: "deferred", reason },
    10,
    true,
    { status: "failed", error: reason },
  ],
  [
    "no server",
    { result: "unreachable", reason },
    10,
    false,
    { status: "queued", delayMs: 0, charged: false },
  ],
  ["a broken connection", { result: "unreachable", reason }, 2, true, { status: "queued", charged: true }],
  ["the last broken connection", { result: "unreachable", reason }, 10, true, { status: "failed" }],
] as const)("settles %s", (_name, outcome, attempt, serverAnswered, expected) => {
  expect(maxAttempts).toBe(10);
  expect(settle(outcome, attempt, serverAnswered)).toMatchObject(expected);
});
