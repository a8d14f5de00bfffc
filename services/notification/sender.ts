import { Counter } from "prom-client";

import { runInContext } from "../../lib/context";
import { type Database } from "../../lib/db";
import { type Log } from "../../lib/log";
import { type Metrics } from "../../lib/metrics";
import { type Outcome, outcomeOf, settle, type Settlement } from "./delivery";
import { type ClaimedMail, claimMails, settleMails } from "./store";
import { type MailTransport, maxConnections } from "./transport";
import { createWaiter } from "./waiter";

/** Emitted on the database once mails are recorded. */
export const mailsQueued = "notifications.queued";

const batchSize = 2 * maxConnections;
/** Longer than two mails in a row on one connection can take, time-outs included. */
const leaseMs = 60_000;
const pollMs = 1_000;
const maxPauseMs = 30_000;

type SenderOptions = { db: Database; transport: MailTransport; log: Log; metrics: Metrics };
type Tried = { mail: ClaimedMail; outcome: Outcome };

/** The notification service's own metric, in the service's registry. */
export function createMailCounter({ registry }: Metrics): Counter<"kind" | "result"> {
  return new Counter({
    name: "notification_mail_tries_total",
    help: "Tries to deliver a mail, by what became of them",
    labelNames: ["kind", "result"],
    registers: [registry],
  });
}

/**
 * Sends recorded mails until stopped. Several senders share the work. A mail goes out at least once: a sender
 * that dies after the server took a mail and before that was recorded leaves it to be sent again, with the
 * same Message-ID.
 */
export function startSender(options: SenderOptions): { stop(): Promise<void> } {
  const { db, transport, log, metrics } = options;
  const tries = createMailCounter(metrics);
  const waiter = createWaiter();
  let stopped = false;

  const deliver = async (mail: ClaimedMail): Promise<Tried> => {
    const outcome = await transport.send(mail).then((): Outcome => ({ result: "sent" }), outcomeOf);
    tries.inc({ kind: mail.kind, result: outcome.result });
    return { mail, outcome };
  };

  const sendBatch = async (): Promise<"more" | "idle" | "unreachable"> => {
    const mails = await claimMails(db, batchSize, leaseMs);
    if (mails.length === 0) return "idle";
    const tried = await Promise.all(mails.map(deliver));
    const serverAnswered = tried.some(({ outcome }) => outcome.result !== "unreachable");
    const settlements = tried.map(({ mail, outcome }) => {
      const settlement = settle(outcome, mail.attempt, serverAnswered);
      report(log, { mail, outcome }, settlement);
      return { ...settlement, id: mail.id, attempt: mail.attempt };
    });
    await settleMails(db, settlements);
    if (!serverAnswered) return "unreachable";
    return mails.length === batchSize ? "more" : "idle";
  };

  const run = async (): Promise<void> => {
    let pauseMs = pollMs;
    while (!stopped) {
      const found = await sendBatch().catch((error: unknown) => {
        log.error({ err: error }, "mails could not be claimed or recorded");
        return "idle" as const;
      });
      if (found === "unreachable") {
        if (!stopped) log.warn({ pauseMs }, "the mail server cannot be reached; the mails wait");
        // New mails would fare no better, so nothing but the end of the pause, or stop, ends it.
        await waiter.wait(pauseMs, { wakeable: false });
        pauseMs = Math.min(2 * pauseMs, maxPauseMs);
        continue;
      }
      pauseMs = pollMs;
      if (found === "idle") await waiter.wait(pollMs, { wakeable: true });
    }
  };

  db.on(mailsQueued, waiter.wake);
  const running = run();
  return {
    stop: async () => {
      stopped = true;
      db.off(mailsQueued, waiter.wake);
      waiter.end();
      transport.close();
      await running;
    },
  };
}

function report(log: Log, { mail, outcome }: Tried, settlement: Settlement): void {
  if (outcome.result === "sent") return;
  runInContext({ correlationId: mail.correlationId, orderId: mail.orderId }, () => {
    const details = { kind: mail.kind, attempt: mail.attempt, reason: outcome.reason };
    if (settlement.status === "failed") log.error(details, "a mail is given up");
    else if (settlement.charged) log.warn(details, "a mail was not taken; it is tried again");
  });
}
