import type { JWK } from "jose";

import type { Queryable } from "../../lib/db";
import type { User } from "./user";

type UserRow = { id: string; email: string; name: string; groups: string[]; created_at: Date };
type CredentialsRow = UserRow & { password_hash: string };

const columns = "id, email, name, groups, created_at";

function toUser(row: UserRow): User {
  return {
    id: row.id,
    email: row.email,
    name: row.name,
    groups: row.groups,
    createdAt: row.created_at.toISOString(),
  };
}

/** Inserts an account; undefined where the address is in use. */
export async function insertUser(
  db: Queryable,
  user: { id: string; email: string; name: string; passwordHash: string; groups: string[] },
): Promise<User | undefined> {
  const { rows } = await db.query<UserRow>(
    `insert into users (id, email, name, password_hash, groups)
     values ($1, $2, $3, $4, $5)
     on conflict (email) do nothing
     returning ${columns}`,
    [user.id, user.email, user.name, user.passwordHash, user.groups],
  );
  return rows[0] && toUser(rows[0]);
}

/** The account and its password hash, by address. */
export async function findCredentials(
  db: Queryable,
  email: string,
): Promise<{ user: User; passwordHash: string } | undefined> {
  const { rows } = await db.query<CredentialsRow>(
    `select ${columns}, password_hash from users where email = $1`,
    [email],
  );
  return rows[0] && { user: toUser(rows[0]), passwordHash: rows[0].password_hash };
}

export async function findUser(db: Queryable, id: string): Promise<User | undefined> {
  const { rows } = await db.query<UserRow>(`select ${columns} from users where id = $1`, [id]);
  return rows[0] && toUser(rows[0]);
}

/** Up to `limit` accounts, newest first, older than the account `before` (UUIDv7 sorts by time). */
export async function listUsers(
  db: Queryable,
  { limit, before }: { limit: number; before: string | undefined },
): Promise<User[]> {
  const { rows } = await db.query<UserRow>(
    `select ${columns} from users
     where $1::uuid is null or id < $1
     order by id desc
     limit $2`,
    [before ?? null, limit],
  );
  return rows.map(toUser);
}

/**
 * Changes what is given and leaves the rest. Undefined where there is no such account; `email_taken` where
 * the new address belongs to another.
 */
export async function updateUser(
  db: Queryable,
  id: string,
  change: { email?: string | undefined; name?: string | undefined; passwordHash?: string | undefined },
): Promise<User | undefined | "email_taken"> {
  try {
    const { rows } = await db.query<UserRow>(
      `update users set
         email = coalesce($2, email),
         name = coalesce($3, name),
         password_hash = coalesce($4, password_hash)
       where id = $1
       returning ${columns}`,
      [id, change.email ?? null, change.name ?? null, change.passwordHash ?? null],
    );
    return rows[0] && toUser(rows[0]);
  } catch (error) {
    if (error instanceof Error && "constraint" in error && error.constraint === "users_email_key") {
      return "email_taken";
    }
    throw error;
  }
}

export async function setGroups(db: Queryable, id: string, groups: string[]): Promise<void> {
  await db.query("update users set groups = $2 where id = $1", [id, groups]);
}

export type NewSigningKey = { kid: string; privateJwk: JWK; publicJwk: JWK };

/** Serialises rotation among replicas until the transaction ends. */
export async function lockSigningKeys(tx: Queryable): Promise<void> {
  await tx.query("select pg_advisory_xact_lock(hashtext('signing_keys'))");
}

/**
 * Whether it is time to publish the next key: `prepublishMs` before the newest one has signed for
 * `rotationMs`, or at once where there is none. The database's clock counts, the same for all replicas.
 */
export async function nextKeyIsDue(
  db: Queryable,
  { rotationMs, prepublishMs }: { rotationMs: number; prepublishMs: number },
): Promise<boolean> {
  const { rows } = await db.query<{ due: boolean }>(
    `select coalesce(max(activates_at) + ($1::float8 - $2::float8) * interval '1 ms' <= now(), true) as due from signing_keys`,
    [rotationMs, prepublishMs],
  );
  return rows[0]?.due ?? true;
}

/**
 * Publishes a key. It signs once it was published for `prepublishMs` and its predecessor has signed for
 * `rotationMs`, whichever is later; the very first signs at once. The predecessor retires at that moment.
 */
export async function insertSigningKey(
  tx: Queryable,
  key: NewSigningKey,
  { rotationMs, prepublishMs }: { rotationMs: number; prepublishMs: number },
): Promise<void> {
  await tx.query(
    `with newest as (select max(activates_at) as activates_at from signing_keys),
     next_key as (
       insert into signing_keys (kid, private_jwk, public_jwk, activates_at)
       select $1, $2, $3,
         case
           when newest.activates_at is null then now()
           else greatest(
             newest.activates_at + $4::float8 * interval '1 ms',
             now() + $5::float8 * interval '1 ms'
           )
         end
       from newest
       returning activates_at
     )
     update signing_keys set retires_at = next_key.activates_at from next_key where retires_at is null`,
    [key.kid, JSON.stringify(key.privateJwk), JSON.stringify(key.publicJwk), rotationMs, prepublishMs],
  );
}

/** Forgets the keys whose last token expired `keepMs` after they retired. */
export async function deleteRetiredKeys(tx: Queryable, keepMs: number): Promise<number> {
  const { rowCount } = await tx.query(
    "delete from signing_keys where retires_at + $1::float8 * interval '1 ms' < now()",
    [keepMs],
  );
  return rowCount ?? 0;
}

/** The key that signs now. */
export async function findSigningKey(db: Queryable): Promise<{ kid: string; privateJwk: JWK } | undefined> {
  const { rows } = await db.query<{ kid: string; private_jwk: JWK }>(
    "select kid, private_jwk from signing_keys where activates_at <= now() order by activates_at desc limit 1",
  );
  return rows[0] && { kid: rows[0].kid, privateJwk: rows[0].private_jwk };
}

/** The public half of every key that signs, will sign, or has signed tokens that are still valid. */
export async function listPublicKeys(db: Queryable): Promise<JWK[]> {
  const { rows } = await db.query<{ public_jwk: JWK }>(
    "select public_jwk from signing_keys order by activates_at",
  );
  return rows.map((row) => row.public_jwk);
}
