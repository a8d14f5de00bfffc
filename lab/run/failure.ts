/** Exit codes of `./symphony`, stable. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  environment: 3,
  stopped: 4,
  inconclusive: 5,
  interrupted: 130,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/**
 * Something that stops a command, in words for the person who typed it: what is wrong, and the fix.
 * `exitCode` is what the process ends with.
 */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly code: string;
  readonly fix: string | undefined;
  readonly exitCode: ExitCode;

  constructor(
    code: string,
    message: string,
    options: { fix?: string; exitCode?: ExitCode; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.fix = options.fix;
    this.exitCode = options.exitCode ?? exitCodes.failed;
  }
}

/** What is wrong, in one line; of a `Failure` the fix too. */
export function describeError(error: unknown): string {
  const fix = error instanceof Failure && error.fix !== undefined ? `; ${error.fix}` : "";
  return `${error instanceof Error ? error.message : String(error)}${fix}`;
}

/** A `Failure` of the machine rather than of Symphony: a missing tool, a busy port, a full disk. */
export function environmentFailure(code: string, message: string, fix: string, cause?: unknown): Failure {
  return new Failure(code, message, { fix, exitCode: exitCodes.environment, cause });
}

/** Turns what the file system says about a full or forbidden disk into a failure with its fix. */
export function fromDiskError(error: unknown, what: string): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return environmentFailure("disk.full", `no space left on the disk for ${what}`, "free some space", error);
  }
  if (code === "EACCES" || code === "EROFS" || code === "EPERM") {
    return environmentFailure(
      "disk.forbidden",
      `${what} may not be written`,
      "check the folder's owner",
      error,
    );
  }
  return error;
}
