import { v7 as uuidv7 } from "uuid";

import { ADMIN_GROUP, USER_GROUP } from "../../lib/auth";
import type { Queryable } from "../../lib/db";
import { AppError } from "../../lib/errors";
import { hashPassword, needsRehash, unmatchableHash, verifyPassword } from "./password";
import { findCredentials, insertUser, setGroups, updateUser } from "./store";
import type { User } from "./user";

function emailTaken(): AppError {
  return new AppError("user.email_taken", "another account has this e-mail address", {
    errors: [{ path: "email", message: "is in use" }],
  });
}

/** Makes an account in `user-group`. Throws `user.email_taken`. */
export async function register(
  db: Queryable,
  registration: { email: string; password: string; name: string },
): Promise<User> {
  const { email, password, name } = registration;
  const passwordHash = await hashPassword(password);
  const user = await insertUser(db, { id: uuidv7(), email, name, passwordHash, groups: [USER_GROUP] });
  if (!user) throw emailTaken();
  return user;
}

/**
 * The account that `credentials` belong to. Throws `auth.bad_credentials`, after the same work whether the
 * address is unknown or the password wrong.
 */
export async function authenticate(
  db: Queryable,
  credentials: { email: string; password: string },
): Promise<User> {
  const found = await findCredentials(db, credentials.email);
  const matches = await verifyPassword(credentials.password, found?.passwordHash ?? unmatchableHash);
  if (!found || !matches) {
    throw new AppError("auth.bad_credentials", "no account has this e-mail address and password");
  }
  if (needsRehash(found.passwordHash)) {
    await updateUser(db, found.user.id, { passwordHash: await hashPassword(credentials.password) });
  }
  return found.user;
}

/** Changes the given fields of an account. Throws `user.not_found` or `user.email_taken`. */
export async function changeAccount(
  db: Queryable,
  id: string,
  change: { email?: string | undefined; password?: string | undefined; name?: string | undefined },
): Promise<User> {
  const { email, name, password } = change;
  const passwordHash = password === undefined ? undefined : await hashPassword(password);
  const user = await updateUser(db, id, { email, name, passwordHash });
  if (user === "email_taken") throw emailTaken();
  if (!user) throw new AppError("user.not_found", `user ${id} does not exist`);
  return user;
}

/**
 * Sees to it that the account `email` exists, is an administrator and has this password. The environment is
 * the truth: an account that somebody registered under the address before is taken over, not trusted.
 */
export async function ensureAdmin(
  db: Queryable,
  { email, password }: { email: string; password: string },
): Promise<void> {
  const address = email.trim().toLowerCase();
  const groups = [USER_GROUP, ADMIN_GROUP];
  let found = await findCredentials(db, address);
  if (!found) {
    const passwordHash = await hashPassword(password);
    const created = await insertUser(db, {
      id: uuidv7(),
      email: address,
      name: "Administrator",
      passwordHash,
      groups,
    });
    if (created) return;
    // another replica was faster
    found = await findCredentials(db, address);
    if (!found) throw new Error("the administrator's account vanished while it was made");
  }
  if (!(await verifyPassword(password, found.passwordHash))) {
    await updateUser(db, found.user.id, { passwordHash: await hashPassword(password) });
  }
  await setGroups(db, found.user.id, groups);
}
