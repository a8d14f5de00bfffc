import { findRejection } from "./proxy";

const line = (msg: string) => JSON.stringify({ time: "2026-01-01T00:00:00.000Z", level: "warning", msg });

test.each([
  [
    "an address",
    line(
      "Filesystem config update rejected: Error adding/updating listener(s) outbound: malformed IP address: nowhere\n",
    ),
    "Error adding/updating listener(s) outbound: malformed IP address: nowhere",
  ],
  [
    "a message that breaks its rules, without the message",
    line(
      'Filesystem config update rejected: goo.gle/debugproto   \nname: "a"\n: Proto constraint validation failed (Name)',
    ),
    "Proto constraint validation failed (Name)",
  ],
  ["other news", line("There is no configured limit"), undefined],
  ["nothing", "", undefined],
])("the reason of a refusal: %s", (_, log, reason) => {
  expect(findRejection(log)).toBe(reason);
});
