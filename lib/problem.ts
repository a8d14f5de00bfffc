import { z } from "zod";

import { type AppError, errorTable, type FieldError } from "./errors";

/** An error as a client sees it: RFC 9457, with the code, the correlation id and the wrong fields. */
export type ProblemDocument = {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  correlationId: string;
  errors?: FieldError[];
};

export const PROBLEM_TYPE = "application/problem+json";

export const problemSchema = z
  .object({
    type: z.string().describe("a URN of the code"),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().describe("stable, for programs"),
    correlationId: z.string().describe("finds the request in logs, traces and the audit log"),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .describe("the wrong fields, for bad input"),
  })
  .meta({ id: "Problem" });

/** The problem document of `error`. */
export function problem(error: AppError, correlationId: string): ProblemDocument {
  return {
    type: `urn:symphony:problem:${error.code}`,
    title: errorTable[error.code].title,
    status: error.httpStatus,
    detail: error.message,
    code: error.code,
    correlationId,
    ...(error.errors !== undefined && { errors: error.errors }),
  };
}
