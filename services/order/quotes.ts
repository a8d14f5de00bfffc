import { type Database } from "../../lib/db";
import { AppError } from "../../lib/errors";
import { type Log } from "../../lib/log";
import { type Quote } from "./idempotency";
import { type Peers } from "./peers";

const freshMs = 60_000;
/** A quote of up to this age is used at once and renewed in the background. */
const usableMs = 3_600_000;

export type Quotes = {
  /**
   * What one piece costs, given the local copy. An old copy is better than no sale: it is used, whatever its
   * age, where inventory cannot be asked.
   * @throws AppError product.not_found, and peer.unavailable or peer.timeout where there is no copy
   */
  priceOf(productId: string, copy: Quote | undefined): Promise<Quote>;
};

/** A read-through copy of inventory's prices in the table product_quotes. */
export function createQuotes({ db, peers, log }: { db: Database; peers: Peers; log: Log }): Quotes {
  const refreshes = new Map<string, Promise<Quote>>();

  function refresh(productId: string): Promise<Quote> {
    const running = refreshes.get(productId);
    if (running) return running;
    const started = fetchQuote(productId).finally(() => refreshes.delete(productId));
    refreshes.set(productId, started);
    return started;
  }

  async function fetchQuote(productId: string): Promise<Quote> {
    const { priceCents, currency } = await peers.findProduct(productId, 1);
    const quote = { priceCents, currency, fetchedAt: new Date() };
    await db.query(
      `insert into product_quotes (product_id, price_cents, currency, fetched_at) values ($1, $2, $3, $4)
       on conflict (product_id) do update
       set price_cents = excluded.price_cents, currency = excluded.currency, fetched_at = excluded.fetched_at`,
      [productId, priceCents, currency, quote.fetchedAt],
    );
    return quote;
  }

  return {
    async priceOf(productId, copy) {
      const ageMs = copy ? Date.now() - copy.fetchedAt.getTime() : Infinity;
      if (copy && ageMs < freshMs) return copy;
      const refreshed = refresh(productId);
      if (copy && ageMs < usableMs) {
        refreshed.catch((error: unknown) => log.debug({ err: error, productId }, "the quote stays old"));
        return copy;
      }
      try {
        return await refreshed;
      } catch (error) {
        if (!copy || (error instanceof AppError && error.httpStatus < 500)) throw error;
        log.warn({ productId, ageMs }, "inventory cannot be asked: an old quote is used");
        return copy;
      }
    },
  };
}
