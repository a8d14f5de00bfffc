import { setTimeout as delay } from "node:timers/promises";

import { type Queryable } from "../../lib/db";
import { AppError } from "../../lib/errors";
import { type ProviderAnswer, type Refusal, type Transitions } from "./payment";

/**
 * A SIMULATED payment provider. No money moves anywhere; the test tokens below decide what happens.
 * Its ledger, the table `provider_charges`, stands for the provider's own database: it is written outside of
 * every transaction of the service, as a call to another company would be.
 */
export type Provider = {
  /**
   * Charges once per order, however often it is called; the order id is the idempotency key.
   *
   * Throws AppError `payment.provider_error`, and `peer.timeout` where the answer does not come in time: the
   * order may then be charged or not, and the same call again tells.
   */
  charge(request: ProviderCharge): Promise<ProviderAnswer>;
  /**
   * Gives the order's charge back and closes the order, so that a charge that arrives later is answered
   * `closed`. Calling it again changes nothing. Throws AppError `peer.timeout`.
   */
  refund(orderId: string): Promise<void>;
};

export type ProviderCharge = { orderId: string; amountCents: number; currency: string; paymentToken: string };

type Behaviour = { refusal?: Refusal; slow?: boolean; fails?: boolean; losesFirstAnswer?: boolean };

/** What each test token makes the provider do. Any other token is refused as unknown. */
export const testTokens: ReadonlyMap<string, Behaviour> = new Map([
  ["tok_ok", {}],
  ["tok_declined", { refusal: "payment.declined" }],
  ["tok_insufficient_funds", { refusal: "payment.insufficient_funds" }],
  ["tok_slow", { slow: true }],
  ["tok_provider_error", { fails: true }],
  ["tok_answer_lost", { losesFirstAnswer: true }],
]);

const unknownToken: Behaviour = { refusal: "payment.token_unknown" };

export type LedgerStatus = "approved" | "refused" | "refunded" | "closed";

/** The provider's own rules: it is the one place where a charge and a refund that race are put in order. */
export const ledgerTransitions: Transitions<LedgerStatus, "approve" | "refuse" | "refund"> = {
  approve: { none: "approved" },
  refuse: { none: "refused" },
  refund: { none: "closed", approved: "refunded" },
};

type LedgerRow = { status: LedgerStatus; refusal: Refusal | null; is_new: boolean };

/** What the ledger's entry of an order says to a charge of it. */
export function answerOf(entry: { status: LedgerStatus; refusal: Refusal | null }): ProviderAnswer {
  switch (entry.status) {
    case "approved":
      return { outcome: "approved" };
    case "refused":
      return { outcome: "refused", refusal: entry.refusal ?? "payment.declined" };
    case "refunded":
    case "closed":
      return { outcome: "closed" };
  }
}

export type ProviderOptions = {
  /** Where the ledger lies: the pool itself, never a transaction. */
  ledger: Queryable;
  /** How long a call waits for its answer. */
  timeoutMs: number;
  /** How long `tok_slow` takes. */
  slowMs: number;
};

/** Connects to the simulated provider. */
export function createSimulatedProvider({ ledger, timeoutMs, slowMs }: ProviderOptions): Provider {
  async function charge(request: ProviderCharge): Promise<ProviderAnswer> {
    const behaviour = testTokens.get(request.paymentToken) ?? unknownToken;
    if (behaviour.fails || behaviour.slow) {
      const known = await findEntry(ledger, request.orderId);
      if (known) return answerOf(known);
    }
    if (behaviour.fails)
      throw new AppError("payment.provider_error", "the payment provider answered an error");
    if (behaviour.slow) await delay(slowMs);
    const entry = await recordCharge(ledger, request, behaviour.refusal);
    if (entry.is_new && behaviour.losesFirstAnswer) return new Promise(() => undefined);
    return answerOf(entry);
  }

  return {
    charge: (request) => withinDeadline(timeoutMs, charge(request)),
    refund: (orderId) => withinDeadline(timeoutMs, recordRefund(ledger, orderId)),
  };
}

async function withinDeadline<T>(timeoutMs: number, call: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    const error = new AppError("peer.timeout", `the payment provider did not answer within ${timeoutMs} ms`);
    timer = setTimeout(() => reject(error), timeoutMs);
  });
  try {
    return await Promise.race([call, expired]);
  } finally {
    clearTimeout(timer);
  }
}

async function findEntry(ledger: Queryable, orderId: string): Promise<LedgerRow | undefined> {
  const { rows } = await ledger.query<LedgerRow>(
    `select status, refusal, false as is_new from provider_charges where order_id = $1`,
    [orderId],
  );
  return rows[0];
}

/** Writes the order's first charge; a later one gets the entry that is there. One round trip either way. */
async function recordCharge(
  ledger: Queryable,
  { orderId, amountCents, currency }: ProviderCharge,
  refusal: Refusal | undefined,
): Promise<LedgerRow> {
  const status = ledgerTransitions[refusal ? "refuse" : "approve"].none;
  const { rows } = await ledger.query<LedgerRow>(
    `insert into provider_charges (order_id, amount_cents, currency, status, refusal)
     values ($1, $2, $3, $4, $5)
     on conflict (order_id) do update set order_id = excluded.order_id
     returning status, refusal, xmax = 0 as is_new`,
    [orderId, amountCents, currency, status, refusal ?? null],
  );
  const [row] = rows;
  if (!row) throw new Error(`the provider's ledger has no entry for order ${orderId}`);
  return row;
}

async function recordRefund(ledger: Queryable, orderId: string): Promise<void> {
  const { none: statusIfNew, ...changes } = ledgerTransitions.refund;
  await ledger.query(
    `insert into provider_charges (order_id, amount_cents, currency, status)
     values ($1, 0, '', $2)
     on conflict (order_id) do update
        set status = $3::jsonb ->> provider_charges.status,
            refunded_cents = provider_charges.amount_cents
      where $3::jsonb ? provider_charges.status`,
    [orderId, statusIfNew, JSON.stringify(changes)],
  );
}
