import type { z } from "zod";

import { AppError } from "./errors";

/** An opaque cursor of a list: `value` says where the next page begins. */
export function encodeCursor(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** What `encodeCursor` was given. Throws AppError request.invalid, naming the field `cursor`, for anything else. */
export function decodeCursor<S extends z.ZodType>(cursor: string, schema: S): z.output<S> {
  const parsed = schema.safeParse(parse(cursor));
  if (parsed.success) return parsed.data;
  throw new AppError("request.invalid", "cursor: is not a cursor of this list", {
    errors: [{ path: "cursor", message: "is not a cursor of this list" }],
  });
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}
