import { type AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

import { SMTPServer } from "smtp-server";

export type ReceivedMail = { messageId: string; to: string; subject: string; raw: string };

export type TestMailServer = {
  port: number;
  url: string;
  /** Every mail that came in full, taken or not. */
  received: ReceivedMail[];
  /** Decides what becomes of a mail; an SMTP reply code refuses it. Takes every mail until it is replaced. */
  judge: (mail: ReceivedMail) => number | undefined | Promise<number | undefined>;
  stop(): Promise<void>;
};

/** A real SMTP server for tests, on a free port or a given one. */
export async function startMailServer(port = 0): Promise<TestMailServer> {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    disableReverseLookup: true,
    closeTimeout: 50,
    onData: (stream, session, done) => {
      void take(text(stream), session.envelope.rcptTo[0]?.address ?? "").then(
        (code) => {
          done(code === undefined ? null : refusal(code, session.envelope.rcptTo[0]?.address ?? ""));
        },
        (error: Error) => {
          done(error);
        },
      );
    },
  });
  // A sender that is killed resets its connection.
  server.on("error", () => undefined);

  const mails: TestMailServer = {
    port: 0,
    url: "",
    received: [],
    judge: () => undefined,
    stop: () => new Promise((resolve) => void server.close(() => resolve())),
  };
  const take = async (reading: Promise<string>, to: string) => {
    const raw = await reading;
    const mail = { messageId: header(raw, "Message-ID"), to, subject: header(raw, "Subject"), raw };
    mails.received.push(mail);
    return mails.judge(mail);
  };

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve());
  });
  mails.port = (server.server.address() as AddressInfo).port;
  mails.url = `smtp://127.0.0.1:${mails.port}`;
  return mails;
}

function header(raw: string, name: string): string {
  const unfolded = raw.replace(/\r\n[ \t]+/g, " ");
  return new RegExp(`^${name}: *(.*)$`, "im").exec(unfolded)?.[1]?.trim() ?? "";
}

function refusal(responseCode: number, address: string): Error {
  return Object.assign(new Error(`not for <${address}>`), { responseCode });
}
