import { mkdirSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { SMTPServer } from "smtp-server";

import { fromDiskError } from "./failure";

export type CaughtMail = { to: string[]; receivedAt: string; source: string };
export type MailCatcher = { url: string; mails: CaughtMail[]; stop(): Promise<void> };

/** How many mails are kept, in memory and as files. */
const limit = 1000;

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
  const mails: CaughtMail[] = [];
  let count = 0;
  const keep = (to: string[], source: string): void => {
    mails.push({ to, source, receivedAt: new Date().toISOString() });
    if (mails.length > limit) mails.shift();
    const file = (number: number): string => join(folder, `${String(number).padStart(6, "0")}.eml`);
    count += 1;
    // A mail is a copy for people to look at: a full disk must not fail the sender.
    writeFile(file(count), source).catch(() => undefined);
    if (count > limit) rm(file(count - limit), { force: true }).catch(() => undefined);
  };
  const server = new SMTPServer({
    disabledCommands: ["AUTH", "STARTTLS"],
    logger: false,
    size: 1_000_000,
    disableReverseLookup: true,
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        keep(
          session.envelope.rcptTo.map((recipient) => recipient.address),
          Buffer.concat(chunks).toString("utf8"),
        );
        done();
      });
    },
  });
  // A client that breaks off is its own problem.
  server.on("error", () => undefined);
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
