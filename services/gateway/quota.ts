import { AppError } from "../../lib/errors";

/** How much of a limit is left. */
export type Quota = {
  name: "second" | "minute" | "hour";
  limit: number;
  windowSeconds: number;
  remaining: number;
  /** Until the limit is renewed, at least 1. */
  resetSeconds: number;
  exceeded: boolean;
};

/**
 * The headers that tell a client its limits, on successes too:
 * draft-ietf-httpapi-ratelimit-headers-10 (`q` quota, `w` window, `r` remaining, `t` seconds to the reset).
 */
export function rateLimitHeaders(quotas: Quota[]): Record<string, string> {
  if (quotas.length === 0) return {};
  const policies = quotas.map(({ name, limit, windowSeconds }) => `"${name}";q=${limit};w=${windowSeconds}`);
  const states = quotas.map(
    ({ name, remaining, resetSeconds }) => `"${name}";r=${remaining};t=${resetSeconds}`,
  );
  return { "RateLimit-Policy": policies.join(", "), RateLimit: states.join(", ") };
}

/** The 429 of the quotas that are exceeded; undefined where none is. */
export function limitError(quotas: Quota[]): AppError | undefined {
  const exceeded = quotas.filter((quota) => quota.exceeded);
  if (exceeded.length === 0) return undefined;
  const retryAfter = Math.max(...exceeded.map(({ resetSeconds }) => resetSeconds));
  const limits = exceeded.map(({ name, limit }) => `${limit} per ${name}`).join(" and ");
  return new AppError("rate.limited", `more than ${limits}; try again in ${retryAfter} s`, {
    headers: { "Retry-After": String(retryAfter) },
  });
}
