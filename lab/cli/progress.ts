import type { Progress } from "../run/stack";
import { note, painter } from "./terminal";

/** Progress on stderr: one line per step when it has ended, with its time. */
export function createProgress(): Progress {
  const paint = painter(process.stderr);
  return {
    begin(step) {
      const startedAt = performance.now();
      return (detail) => {
        const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
        note(
          `${paint("green", "✓")} ${step.padEnd(14)} ${paint("dim", `${seconds} s  ${detail ?? ""}`.trimEnd())}`,
        );
      };
    },
    say(line) {
      note(`${paint("yellow", "•")} ${line}`);
    },
  };
}
