import { exitCodes, Failure } from "../run/failure";

/** Thrown where Ctrl-C ends a run. */
export function interrupted(): Failure {
  return new Failure("experiment.interrupted", "interrupted; everything was healed", {
    exitCode: exitCodes.interrupted,
  });
}

/** Resolves after `ms`, or as soon as `signal` is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}
