import { z } from "zod";

import { decodeCursor, encodeCursor } from "../../lib/cursor";
import type { Database } from "../../lib/db";
import { AppError } from "../../lib/errors";
import { type Route, route } from "../../lib/route";
import { authenticate, changeAccount, register } from "./accounts";
import type { TokenIssuer } from "./signing-keys";
import { findUser, listUsers } from "./store";
import {
  credentialsSchema,
  mayAccess,
  registrationSchema,
  tokenAnswerSchema,
  userChangeSchema,
  userSchema,
} from "./user";

export type UserDeps = { db: Database; issuer: TokenIssuer };

const cursorSchema = z.strictObject({ before: z.uuid() });
const userParams = z.strictObject({ userId: z.uuid() });

function requireAccess(reader: { userId: string; isAdmin: boolean }, userId: string): void {
  if (!mayAccess(reader, userId)) {
    throw new AppError("auth.forbidden", "only the account's owner and administrators may do this");
  }
}

async function readUser(db: Database, userId: string): Promise<z.infer<typeof userSchema>> {
  const user = await findUser(db, userId);
  if (!user) throw new AppError("user.not_found", `user ${userId} does not exist`);
  return user;
}

/** The REST API of accounts and tokens. */
export function createRoutes({ db, issuer }: UserDeps): Route[] {
  return [
    route({
      method: "post",
      path: "/users",
      summary: "Register an account",
      body: registrationSchema,
      responses: { 201: { description: "The account", schema: userSchema } },
      errors: ["user.email_taken", "rate.limited"],
      async handle({ body }, response) {
        const user = await register(db, body);
        response.status(201).location(`/users/${user.id}`).json(user);
      },
    }),
    route({
      method: "post",
      path: "/users/login",
      summary: "Exchange an e-mail address and a password for a token",
      body: credentialsSchema,
      responses: { 200: { description: "The token", schema: tokenAnswerSchema } },
      errors: ["auth.bad_credentials", "rate.limited"],
      async handle({ body }, response) {
        const user = await authenticate(db, body);
        response.set("Cache-Control", "no-store").json(await issuer.issue(user));
      },
    }),
    route({
      method: "get",
      path: "/users",
      summary: "List accounts, newest first",
      access: "admin",
      query: z.strictObject({
        limit: z.coerce.number().int().min(1).max(100).default(20),
        cursor: z.string().optional().describe("nextCursor of the page before"),
      }),
      responses: {
        200: {
          description: "A page of accounts",
          schema: z
            .object({ items: z.array(userSchema), nextCursor: z.string().nullable() })
            .meta({ id: "UserPage" }),
        },
      },
      async handle({ query }, response) {
        const { limit, cursor } = query;
        const before = cursor === undefined ? undefined : decodeCursor(cursor, cursorSchema).before;
        const found = await listUsers(db, { limit: limit + 1, before });
        const items = found.slice(0, limit);
        const last = items.at(-1);
        const nextCursor = found.length > limit && last ? encodeCursor({ before: last.id }) : null;
        response.json({ items, nextCursor });
      },
    }),
    route({
      method: "get",
      path: "/users/me",
      summary: "Read one's own account",
      access: "user",
      responses: { 200: { description: "The account", schema: userSchema } },
      errors: ["user.not_found"],
      async handle({ identity }, response) {
        response.json(await readUser(db, identity.userId));
      },
    }),
    route({
      method: "get",
      path: "/users/:userId",
      summary: "Read an account: its owner or an administrator",
      access: "user",
      params: userParams,
      responses: { 200: { description: "The account", schema: userSchema } },
      errors: ["user.not_found"],
      async handle({ params, identity }, response) {
        requireAccess(identity, params.userId);
        response.json(await readUser(db, params.userId));
      },
    }),
    route({
      method: "put",
      path: "/users/:userId",
      summary: "Change an account's address, name or password: its owner or an administrator",
      access: "user",
      params: userParams,
      body: userChangeSchema,
      responses: { 200: { description: "The account", schema: userSchema } },
      errors: ["user.not_found", "user.email_taken", "rate.limited"],
      async handle({ params, body, identity }, response) {
        requireAccess(identity, params.userId);
        response.json(await changeAccount(db, params.userId, body));
      },
    }),
    route({
      method: "get",
      path: "/.well-known/jwks.json",
      summary: "The public keys that tokens are verified with",
      responses: {
        200: {
          description: "A JSON Web Key Set (RFC 7517)",
          schema: z
            .object({ keys: z.array(z.looseObject({ kid: z.string(), kty: z.string() })) })
            .meta({ id: "KeySet" }),
        },
      },
      async handle(_request, response) {
        const { keys, maxAge } = await issuer.keySet();
        response.set("Cache-Control", `public, max-age=${maxAge}`).json({ keys });
      },
    }),
  ];
}
