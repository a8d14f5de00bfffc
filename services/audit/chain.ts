import { createHash } from "node:crypto";

import { canonicalJson } from "./canonical";

/** What is recorded of an event. Times are microseconds since 1970, the precision that Postgres keeps. */
export type Entry = {
  eventId: string;
  name: string;
  orderId: string;
  correlationId: string;
  occurredAtMicros: number;
  recordedAtMicros: number;
  data: unknown;
};

/** An entry in its place. Hashes are SHA-256. */
export type Link = Entry & { seq: number; prevHash: Buffer; hash: Buffer };

/** The end of the chain. */
export type Head = { seq: number; hash: Buffer };

/** Where and why the chain does not hold. */
export type Break = { brokenAt: number; reason: string };

export const genesis: Head = { seq: 0, hash: Buffer.alloc(32) };

/** SHA-256 over the canonical JSON of all that a row holds, the previous row's hash included. */
export function hashOf(entry: Entry, seq: number, prevHash: Buffer): Buffer {
  const content = [
    prevHash.toString("hex"),
    seq,
    entry.eventId,
    entry.name,
    entry.orderId,
    entry.correlationId,
    entry.occurredAtMicros,
    entry.recordedAtMicros,
    entry.data,
  ];
  return createHash("sha256").update(canonicalJson(content)).digest();
}

/** `entries` as the links that follow `head`, in order. */
export function extend(head: Head, entries: Entry[]): Link[] {
  let { seq, hash } = head;
  return entries.map((entry) => {
    const prevHash = hash;
    seq += 1;
    hash = hashOf(entry, seq, prevHash);
    return { ...entry, seq, prevHash, hash };
  });
}

/** The first link of `links` that does not follow `head` or its predecessor; undefined where all do. */
export function findBreak(head: Head, links: Link[]): Break | undefined {
  let { seq, hash } = head;
  for (const link of links) {
    if (link.seq !== seq + 1) return { brokenAt: seq + 1, reason: "the row is missing" };
    if (!link.prevHash.equals(hash)) {
      return { brokenAt: link.seq, reason: "prev_hash is not the hash of the row before" };
    }
    if (!link.hash.equals(hashOf(link, link.seq, link.prevHash))) {
      return { brokenAt: link.seq, reason: "the hash does not match the row's content" };
    }
    ({ seq, hash } = link);
  }
  return undefined;
}

/**
 * `date` in microseconds since 1970, at most 2^53, which is in the year 2255: Postgres computes an interval
 * as a double, and a hash needs back what it was made of.
 */
export function toMicros(date: Date): number {
  return Math.min(Math.max(0, date.getTime()) * 1000, Number.MAX_SAFE_INTEGER);
}
