import { createServer, type Server } from "node:http";

import { SMTPServer } from "smtp-server";

export type CaughtMail = { to: string[]; subject: string; receivedAt: string; source: string };

/** How many mails are kept. */
export const limit = 1_000;

function subjectOf(source: string): string {
  const [head = ""] = source.split(/\r?\n\r?\n/, 1);
  return /^subject: *(.*)$/im.exec(head.replaceAll(/\r?\n[ \t]+/g, " "))?.[1] ?? "";
}

/** An SMTP server that takes every mail and delivers none: `keep` is handed what came. */
export function createMailServer(keep: (mail: CaughtMail) => void): SMTPServer {
  const server = new SMTPServer({
    disabledCommands: ["AUTH", "STARTTLS"],
    logger: false,
    size: 1_000_000,
    disableReverseLookup: true,
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const source = Buffer.concat(chunks).toString("utf8");
        const to = session.envelope.rcptTo.map((recipient) => recipient.address);
        keep({ to, subject: subjectOf(source), receivedAt: new Date().toISOString(), source });
        done();
      });
    },
  });
  // A client that breaks off is its own problem.
  server.on("error", () => undefined);
  return server;
}

/** The latest 1,000 mails, oldest first. */
export function createMailbox(): { mails: CaughtMail[]; keep(mail: CaughtMail): void } {
  const mails: CaughtMail[] = [];
  return {
    mails,
    keep: (mail) => {
      mails.push(mail);
      if (mails.length > limit) mails.shift();
    },
  };
}

/** `/livez`, and `/mails` with what was caught, as JSON. */
export function createReader(mails: CaughtMail[]): Server {
  return createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://mail");
    const body = pathname === "/mails" ? mails : pathname === "/livez" ? { status: "ok" } : undefined;
    response.writeHead(body === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(body ?? { status: "not found" }));
  });
}
