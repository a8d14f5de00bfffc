import { mkdirSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { type CaughtMail, createMailbox, createMailServer, limit } from "../../k8s/mail/mailbox";
import { fromDiskError } from "./failure";

export type MailCatcher = { url: string; mails: CaughtMail[]; stop(): Promise<void> };

/**
 * An SMTP server that takes every mail and delivers none: the last 1000 are kept in memory, and in `folder`
 * as `<number>.eml`.
 */
export async function startMailCatcher(folder: string): Promise<MailCatcher> {
  try {
    await rm(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw fromDiskError(error, folder);
  }
  const { mails, keep } = createMailbox();
  let count = 0;
  const server = createMailServer((mail) => {
    keep(mail);
    const file = (number: number): string => join(folder, `${String(number).padStart(6, "0")}.eml`);
    count += 1;
    // A mail is a copy for people to look at: a full disk must not fail the sender.
    writeFile(file(count), mail.source).catch(() => undefined);
    if (count > limit) rm(file(count - limit), { force: true }).catch(() => undefined);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.server.address();
  if (address === null || typeof address === "string") throw new Error("the SMTP server has no port");
  return {
    url: `smtp://127.0.0.1:${String(address.port)}`,
    mails,
    stop: () =>
      new Promise((resolve) => {
        server.close(resolve);
      }),
  };
}
