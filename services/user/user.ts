import { z } from "zod";

/** An account as clients see it. */
export const userSchema = z
  .object({
    id: z.uuid(),
    email: z.email(),
    name: z.string(),
    groups: z.array(z.string()),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: "User" });
export type User = z.infer<typeof userSchema>;

const email = z
  .string()
  .trim()
  .toLowerCase()
  .max(254)
  .pipe(z.email())
  .meta({ type: "string", format: "email", description: "compared without regard to case" });
const password = z.string().min(8).max(200);
const name = z.string().trim().min(1).max(100);

export const registrationSchema = z.strictObject({ email, password, name }).meta({ id: "Registration" });

export const credentialsSchema = z
  // a wrong password is wrong whatever its length: only the upper bound protects the hash
  .strictObject({ email, password: z.string().min(1).max(200) })
  .meta({ id: "Credentials" });

export const userChangeSchema = z
  .strictObject({ email, password, name })
  .partial()
  .refine((change) => Object.keys(change).length > 0, { error: "name at least one of email, password, name" })
  .meta({ id: "UserChange" });

export const tokenAnswerSchema = z
  .object({
    token: z.string().describe("JWT, ES256"),
    expiresIn: z.int().positive().describe("seconds"),
  })
  .meta({ id: "Token" });

/** Whether `reader` may read and change the account `userId`: its owner and administrators may. */
export function mayAccess(reader: { userId: string; isAdmin: boolean }, userId: string): boolean {
  return reader.isAdmin || reader.userId === userId;
}
