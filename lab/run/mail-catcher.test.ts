import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createTransport } from "nodemailer";

import { waitFor } from "../../test/support/wait-for";
import { startMailCatcher } from "./mail-catcher";

test("a mail is caught, kept in memory and as a file", async () => {
  const folder = await mkdtemp(join(tmpdir(), "symphony-mail-"));
  const catcher = await startMailCatcher(join(folder, "mail"));
  const transport = createTransport(catcher.url);
  try {
    await transport.sendMail({
      from: "shop@symphony.example",
      to: "a@example.com",
      subject: "Confirmed",
      text: "Thanks",
    });
    expect(catcher.mails).toEqual([
      expect.objectContaining({
        to: ["a@example.com"],
        source: expect.stringContaining("Subject: Confirmed"),
      }),
    ]);
    await waitFor(async () => (await readdir(join(folder, "mail"))).length === 1);
  } finally {
    transport.close();
    await catcher.stop();
    await rm(folder, { recursive: true });
  }
});
