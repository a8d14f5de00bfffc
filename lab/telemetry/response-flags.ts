/** Envoy's response flags in words: why a proxy answered by itself, or what it did on the way. */
export const responseFlags: Readonly<Record<string, string>> = {
  DC: "the client went away before the answer",
  DF: "the name of the upstream could not be resolved",
  DI: "a fault rule delayed the request",
  DO: "the request was dropped because the proxy is overloaded",
  DPE: "the client spoke HTTP that cannot be read",
  DR: "the client reset the stream",
  DT: "the request or its connection lasted longer than allowed",
  FI: "a fault rule answered with an error",
  IH: "a header has a value that the proxy refuses",
  LH: "the upstream failed its health check",
  LR: "the proxy reset the connection",
  NC: "the route names a cluster that does not exist",
  NFCF: "the cluster was not found in time",
  NR: "no route matches the request",
  OM: "the overload manager ended the request",
  RFCF: "a filter's configuration is missing",
  RL: "the rate limit is used up",
  RLSE: "the rate limit service failed",
  SI: "the stream was idle for too long",
  UAEX: "a rule does not allow this caller",
  UC: "the upstream closed the connection",
  UF: "the upstream could not be connected to",
  UH: "no healthy upstream: all are down or ejected (the circuit breaker is open)",
  UMSDR: "the upstream answered later than allowed in total",
  UO: "too many requests or connections to the upstream at once (circuit breaker)",
  UPE: "the upstream spoke HTTP that cannot be read",
  UR: "the upstream reset the stream",
  URX: "the limit of retries or connection attempts is used up",
  UT: "the upstream did not answer in time",
};

/** `UF,URX` in words; undefined where there is no flag. */
export function explainFlags(flags: string): string | undefined {
  const names = flags.split(",").filter((flag) => flag !== "" && flag !== "-");
  if (names.length === 0) return undefined;
  return names
    .map((name) => `${name}: ${responseFlags[name] ?? "see Envoy's list of response flags"}`)
    .join("; ");
}
