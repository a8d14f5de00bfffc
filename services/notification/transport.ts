import { createTransport } from "nodemailer";

import { messageId, renderBody } from "./mail";
import { type ClaimedMail } from "./store";

/** Hands a mail over to the mail server; rejects where the server did not take it. */
export type MailTransport = {
  send(mail: ClaimedMail): Promise<void>;
  /** Gives up what waits for a connection and lets go of the idle ones. */
  close(): void;
};

/** Mails on the wire at the same time. */
export const maxConnections = 5;

/**
 * A pool of SMTP connections. A try ends within the time-outs below, in milliseconds, which are well under
 * the sender's lease.
 */
export function createSmtpTransport(options: { url: string; from: string }): MailTransport {
  const { url, from } = options;
  const settings = {
    url,
    pool: true as const,
    maxConnections,
    maxMessages: 1000,
    connectionTimeout: 5_000,
    greetingTimeout: 5_000,
    socketTimeout: 10_000,
    // A server may close an idle connection at any time: a mail that finds it closed takes another one.
    maxRequeues: 2,
    // Templates name no files and no URLs, so nothing may be read to fill a mail.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
  const transport = createTransport(settings, { from });
  return {
    send: async (mail) => {
      await transport.sendMail({
        to: { name: "", address: mail.recipient },
        subject: mail.subject,
        messageId: messageId(mail.orderId, mail.kind, from),
        headers: { "X-Correlation-ID": mail.correlationId, "Auto-Submitted": "auto-generated" },
        ...renderBody(mail.kind, mail.details),
      });
    },
    close: () => {
      transport.close();
    },
  };
}
