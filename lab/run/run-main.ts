import { describeError, exitCodes, Failure } from "./failure";

/**
 * Runs a whole program: `main` gives its exit code, and an error is told on stderr. Where there is a `usage`, arguments
 * that `parseArgs` refuses are wrong usage and show it.
 */
export function runMain(main: () => Promise<number>, usage?: string): void {
  main().then(
    (code) => (process.exitCode = code),
    (error: unknown) => {
      const wrongUsage = usage !== undefined && error instanceof TypeError && "code" in error;
      process.stderr.write(`${describeError(error)}\n${wrongUsage ? usage : ""}`);
      process.exitCode =
        error instanceof Failure ? error.exitCode : wrongUsage ? exitCodes.usage : exitCodes.failed;
    },
  );
}
