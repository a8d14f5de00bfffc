import { v7 as uuidv7 } from "uuid";

import { type Queryable } from "../../lib/db";
import { type Settlement } from "./delivery";
import { type Mail, type MailDetails, type MailKind } from "./mail";

export type NewMail = Mail & { correlationId: string };

export type ClaimedMail = {
  id: string;
  orderId: string;
  kind: MailKind;
  recipient: string;
  subject: string;
  details: MailDetails;
  correlationId: string;
  /** This try's number, from 1. */
  attempt: number;
};

export type Notification = {
  id: string;
  kind: MailKind;
  status: "queued" | "sent" | "failed";
  subject: string;
  sentAt: string | null;
};

/** Records mails to be sent; one that exists for its order and kind is left as it is. */
export async function queueMails(db: Queryable, mails: NewMail[]): Promise<void> {
  await db.query(
    `
    insert into notifications (id, order_id, kind, recipient, subject, details, correlation_id)
    select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::jsonb[], $7::text[])
    on conflict (order_id, kind) do nothing
    `,
    [
      mails.map(() => uuidv7()),
      mails.map((mail) => mail.orderId),
      mails.map((mail) => mail.kind),
      mails.map((mail) => mail.recipient),
      mails.map((mail) => mail.subject),
      mails.map((mail) => JSON.stringify(mail.details)),
      mails.map((mail) => mail.correlationId),
    ],
  );
}

/**
 * Takes up to `limit` mails that are due, for `leaseMs`: a sender that dies with them leaves them due again
 * after that time.
 */
export async function claimMails(db: Queryable, limit: number, leaseMs: number): Promise<ClaimedMail[]> {
  const { rows } = await db.query<{
    id: string;
    order_id: string;
    kind: MailKind;
    recipient: string;
    subject: string;
    details: MailDetails;
    correlation_id: string;
    attempts: number;
  }>(
    `
    update notifications
    set attempts = attempts + 1, next_attempt_at = now() + $2 * interval '1 millisecond'
    where id in (
      select id from notifications
      where status = 'queued' and next_attempt_at <= now()
      order by next_attempt_at
      limit $1
      for update skip locked
    )
    returning id, order_id, kind, recipient, subject, details, correlation_id, attempts
    `,
    [limit, leaseMs],
  );
  return rows.map((row) => ({
    id: row.id,
    orderId: row.order_id,
    kind: row.kind,
    recipient: row.recipient,
    subject: row.subject,
    details: row.details,
    correlationId: row.correlation_id,
    attempt: row.attempts,
  }));
}

/**
 * Records what became of claimed mails. `sent` always holds; anything else only while the mail is still this
 * try's, so that a slow sender whose lease ran out does not undo what its successor did.
 */
export async function settleMails(
  db: Queryable,
  settlements: (Settlement & { id: string; attempt: number })[],
): Promise<void> {
  await db.query(
    `
    update notifications n
    set status = s.status,
        last_error = s.error,
        sent_at = case when s.status = 'sent' then now() end,
        attempts = case when s.charged then n.attempts else n.attempts - 1 end,
        next_attempt_at = now() + s.delay_ms * interval '1 millisecond'
    from unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::integer[], $6::boolean[])
      as s (id, attempt, status, error, delay_ms, charged)
    where n.id = s.id and n.status <> 'sent' and (s.status = 'sent' or n.attempts = s.attempt)
    `,
    [
      settlements.map((settlement) => settlement.id),
      settlements.map((settlement) => settlement.attempt),
      settlements.map((settlement) => settlement.status),
      settlements.map((settlement) => settlement.error),
      settlements.map((settlement) => settlement.delayMs),
      settlements.map((settlement) => settlement.charged),
    ],
  );
}

/** An order's notifications, oldest first, from behind `after` on. */
export async function listNotifications(
  db: Queryable,
  page: { orderId: string; after: string | undefined; limit: number },
): Promise<Notification[]> {
  const { rows } = await db.query<{
    id: string;
    kind: MailKind;
    status: Notification["status"];
    subject: string;
    sent_at: Date | null;
  }>(
    `
    select id, kind, status, subject, sent_at
    from notifications
    where order_id = $1 and ($2::uuid is null or id > $2)
    order by id
    limit $3
    `,
    [page.orderId, page.after ?? null, page.limit],
  );
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    status: row.status,
    subject: row.subject,
    sentAt: row.sent_at?.toISOString() ?? null,
  }));
}
