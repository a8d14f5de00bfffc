/** What became of one try to deliver a mail. */
export type Outcome =
  | { result: "sent" }
  /** The server said no for good (5yz): sending the same again is pointless. */
  | { result: "refused"; reason: string }
  /** The server answered, and not with yes (4yz): worth another try later. */
  | { result: "deferred"; reason: string }
  /** No server, no connection, no login: says nothing about this mail. */
  | { result: "unreachable"; reason: string };

/** What happens to a recorded mail after a try. `charged`: whether the try counts as one of the ten. */
export type Settlement = {
  status: "queued" | "sent" | "failed";
  error: string | null;
  delayMs: number;
  charged: boolean;
};

export const maxAttempts = 10;
const maxReasonLength = 500;

type SmtpError = Error & { code?: string; responseCode?: number };

/** The outcome that an error of the SMTP transport stands for. */
export function outcomeOf(error: unknown): Outcome {
  const { code, responseCode, message } = toSmtpError(error);
  const reason = withoutAddresses(message).slice(0, maxReasonLength);
  const aboutThisMail = code === "EENVELOPE" || code === "EMESSAGE";
  // 421: the server is closing the connection, whatever the mail.
  if (!aboutThisMail || responseCode === 421) return { result: "unreachable", reason };
  // Without a reply it was nodemailer that refused: an address that cannot be one.
  if (responseCode === undefined || responseCode >= 500) return { result: "refused", reason };
  return { result: "deferred", reason };
}

/**
 * What to record for try number `attempt` (from 1). A server that cannot be reached costs a mail none of its
 * tries, so that an outage of any length loses none; but where the server did answer for another mail of the
 * same batch (`serverAnswered`), a broken connection is this mail's doing and counts, or it would be tried
 * for ever.
 */
export function settle(outcome: Outcome, attempt: number, serverAnswered: boolean): Settlement {
  if (outcome.result === "sent") return { status: "sent", error: null, delayMs: 0, charged: true };
  const error = outcome.reason;
  if (outcome.result === "refused") return { status: "failed", error, delayMs: 0, charged: true };
  if (outcome.result === "unreachable" && !serverAnswered) {
    return { status: "queued", error, delayMs: 0, charged: false };
  }
  if (attempt >= maxAttempts) return { status: "failed", error, delayMs: 0, charged: true };
  return { status: "queued", error, delayMs: 1000 * 2 ** attempt, charged: true };
}

/** Replies of mail servers repeat the recipient; a log and a table of errors must not. */
export function withoutAddresses(text: string): string {
  return text.replace(/[^\s<>"',;:()[\]]+@[^\s<>"',;:()[\]]+/g, "[address]");
}

function toSmtpError(error: unknown): SmtpError {
  return error instanceof Error ? error : new Error(String(error));
}
