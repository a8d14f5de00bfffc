import { type Queryable } from "../../lib/db";
import { type Break, findBreak, genesis, type Head } from "./chain";
import { readHead, readLinks } from "./store";

/** What a walk along the chain found. `head` is its end: noted elsewhere, it proves a later rewrite of all. */
export type Verification = { valid: boolean; checked: number; head: Head } & Partial<Break>;

const defaultPageSize = 1_000;

/**
 * Walks the whole chain in pages, up to where it ended when the walk began; what is appended meanwhile is
 * not looked at. Stops at the first row that does not hold.
 */
export async function verifyChain(db: Queryable, pageSize = defaultPageSize): Promise<Verification> {
  const { lastSeq, ...head } = await readHead(db);
  let end: Head = genesis;
  let checked = 0;
  while (end.seq < head.seq) {
    const links = await readLinks(db, end.seq, head.seq, pageSize);
    const last = links.at(-1);
    if (!last)
      return broken(checked, head, { brokenAt: end.seq + 1, reason: "the rows up to the head are missing" });
    const found = findBreak(end, links);
    if (found) {
      const before = links.findIndex((link) => link.seq >= found.brokenAt);
      return broken(checked + before, head, found);
    }
    checked += links.length;
    end = last;
  }
  if (!end.hash.equals(head.hash)) {
    return broken(checked, head, {
      brokenAt: head.seq,
      reason: "the head does not hold the last row's hash",
    });
  }
  if (lastSeq > head.seq) {
    return broken(checked, head, { brokenAt: head.seq + 1, reason: "there are rows behind the head" });
  }
  return { valid: true, checked, head };
}

function broken(checked: number, head: Head, found: Break): Verification {
  return { valid: false, checked, head, ...found };
}
