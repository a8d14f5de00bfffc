import { describeMachine } from "../../lab/bench/machine";
import { type EngineOptions, runExperiment } from "../../lab/experiments/engine";
import { type Ground } from "../../lab/experiments/ground";
import { type Journal } from "../../lab/experiments/journal";
import { type LoadedExperiment } from "../../lab/experiments/parse";

/** A busy machine lags; what is tested is the system and not the machine. */
const lagLimitMs = 5000;

/** Runs an experiment with nobody to watch it. What it said is told where it rejects. */
export async function experimentOn(
  ground: Ground,
  loaded: LoadedExperiment,
  options: Partial<EngineOptions> = {},
): Promise<Journal & { said: string[] }> {
  const said: string[] = [];
  const journal = await runExperiment({
    ground,
    loaded,
    progress: { say: (line) => said.push(line), tick: () => undefined },
    signal: new AbortController().signal,
    machine: options.machine ?? describeMachine(),
    versions: {},
    lagLimitMs,
    ...options,
  });
  return { ...journal, said };
}

/** What a failing expectation should show of a run. */
export function verdictOf({ symphony, said }: Journal & { said: string[] }): object {
  const { outcome, verdict } = symphony;
  return { outcome, reasons: verdict.reasons, effects: verdict.effects, findings: verdict.findings, said };
}
