import type { z } from "zod";

import { AppError, type FieldError } from "./errors";

function fieldErrors(issue: z.core.$ZodIssue, prefix: string): FieldError[] {
  const path = [prefix, ...issue.path.map(String)].filter((part) => part !== "").join(".");
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      path: path === "" ? key : `${path}.${key}`,
      message: "is not a known field",
    }));
  }
  const absent = issue.code === "invalid_type" && issue.message.endsWith("received undefined");
  return [{ path, message: absent ? "is required" : issue.message }];
}

/** The wrong fields of a failed parse: unknown ones by name, missing ones as required. */
export function toFieldErrors(error: z.ZodError, prefix = ""): FieldError[] {
  return error.issues.flatMap((issue) => fieldErrors(issue as z.core.$ZodIssue, prefix));
}

const halfPair = /\p{Surrogate}/u;

/**
 * Text that Postgres cannot store: NUL in text, half a surrogate pair in jsonb. Without this check it would
 * come back from there as an error of ours.
 */
function findBadText(value: unknown, path: string): FieldError[] {
  if (typeof value === "string") {
    return value.includes("\0") || halfPair.test(value)
      ? [{ path, message: "contains a character that is not allowed" }]
      : [];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    findBadText(inner, path === "" ? key : `${path}.${key}`),
  );
}

/** Checks one part of a request (`what` names it when the whole of it is wrong). */
export function validatePart(
  schema: z.ZodType,
  value: unknown,
  what: string,
): { value: unknown; errors: FieldError[] } {
  const bad = findBadText(value, "");
  if (bad.length > 0) return { value: undefined, errors: bad };
  const result = schema.safeParse(value);
  if (result.success) return { value: result.data, errors: [] };
  const errors = toFieldErrors(result.error).map((error) =>
    error.path === "" ? { ...error, path: what } : error,
  );
  return { value: undefined, errors };
}

/** The error of a request with wrong fields; its message names the first ones. */
export function invalidRequest(errors: FieldError[]): AppError {
  const shown = errors.slice(0, 5).map(({ path, message }) => `${path}: ${message}`);
  if (errors.length > shown.length) shown.push(`and ${errors.length - shown.length} more`);
  return new AppError("request.invalid", shown.join("; "), { errors });
}
