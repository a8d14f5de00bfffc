import { z } from "zod";

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const form = /^(-?\d+(?:\.\d+)?)(ms|s|m|h)$/;
const words = "give a duration such as 500ms, 8s or 2m, or a number of seconds";

function toMs(value: string | number): number {
  if (typeof value === "number") return value * 1000;
  const match = form.exec(value);
  return Number(match?.[1]) * unitMs[(match?.[2] ?? "s") as keyof typeof unitMs];
}

/** `8s`, `500ms`, or a number of seconds as Chaos Toolkit has it; becomes ms. */
export const duration = z
  .union([z.string().regex(/^\d+(\.\d+)?(ms|s|m|h)$/, words), z.number().nonnegative()], { error: words })
  .transform(toMs);

/** The same, also into the past. */
export const signedDuration = z
  .union([z.string().regex(form), z.number()], { error: `${words}, with a - where it is in the past` })
  .transform(toMs);

export const percent = z.number().min(0).max(100);
