import { randomBytes, scrypt, type ScryptOptions, timingSafeEqual } from "node:crypto";

import { AppError } from "../../lib/errors";

type Cost = { logN: number; r: number; p: number };

/** 32 MiB and about 60 ms of one core; raising it re-hashes each password at its next login. */
const cost: Cost = { logN: 15, r: 8, p: 1 };
/** What one hash may take; Node allows 32 MiB unless told, and the cost above needs a little more. */
const maxMemoryBytes = 128 * 2 ** 20;
const saltBytes = 16;
const hashBytes = 32;

/**
 * Node's thread pool has four threads, which DNS and files share: two hashes at once leave it room. Behind
 * them at most `maxWaiting` wait (about 2 s); more than that is refused rather than answered too late.
 */
const maxRunning = 2;
const maxWaiting = 64;
let running = 0;
const waiting: (() => void)[] = [];

async function withTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= maxRunning) {
    if (waiting.length >= maxWaiting) {
      throw new AppError("rate.limited", "too many logins at the moment", {
        headers: { "Retry-After": "2" },
      });
    }
    // the one that finishes hands its turn over, so `running` stays as it is
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else {
    running++;
  }
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running--;
  }
}

function derive(password: string, salt: Buffer, { logN, r, p }: Cost): Promise<Buffer> {
  const N = 2 ** logN;
  const options: ScryptOptions = { N, r, p, maxmem: maxMemoryBytes };
  return withTurn(
    () =>
      new Promise((resolve, reject) => {
        // NFKC: the same characters typed on another keyboard may arrive as other code points
        scrypt(password.normalize("NFKC"), salt, hashBytes, options, (error, key) => {
          if (error) reject(error);
          else resolve(key);
        });
      }),
  );
}

function encode({ logN, r, p }: Cost, salt: Buffer, hash: Buffer): string {
  const base64 = (bytes: Buffer): string => bytes.toString("base64").replace(/=+$/, "");
  return `$scrypt$ln=${logN},r=${r},p=${p}$${base64(salt)}$${base64(hash)}`;
}

function decode(stored: string): { cost: Cost; salt: Buffer; hash: Buffer } {
  const match = /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(stored);
  if (!match) throw new Error("the stored password hash is not a scrypt PHC string");
  const [, logN, r, p, salt = "", hash = ""] = match;
  return {
    cost: { logN: Number(logN), r: Number(r), p: Number(p) },
    salt: Buffer.from(salt, "base64"),
    hash: Buffer.from(hash, "base64"),
  };
}

/**
 * Hashes a password into a PHC string that holds its salt and its cost. Throws `rate.limited` where too many
 * wait already.
 */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  return encode(cost, salt, await derive(password, salt, cost));
}

/** A hash that no password has: checked for unknown addresses, so that they take as long as known ones. */
export const unmatchableHash = encode(cost, randomBytes(saltBytes), randomBytes(hashBytes));

/** Whether `password` is the one hashed in `stored`. Throws `rate.limited` where too many wait already. */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const { cost: storedCost, salt, hash } = decode(stored);
  return timingSafeEqual(await derive(password, salt, storedCost), hash);
}

/** Whether `stored` was made with another cost than today's. */
export function needsRehash(stored: string): boolean {
  const { cost: used } = decode(stored);
  return used.logN !== cost.logN || used.r !== cost.r || used.p !== cost.p;
}
