import { createInterface } from "node:readline/promises";

import { isTestContext, refusedContext } from "./kubectl";

export type ConfirmOptions = { environment?: Record<string, string | undefined>; interactive?: boolean };

/**
 * Asks before a cluster is changed that may be somebody's production; `SYMPHONY_YES` (the option `--yes`) answers.
 * Without a terminal to ask on it is refused.
 */
export async function confirmContext(
  context: string,
  {
    environment = process.env,
    interactive = process.stdin.isTTY && process.stderr.isTTY,
  }: ConfirmOptions = {},
): Promise<void> {
  if (isTestContext(context) || (environment.SYMPHONY_YES ?? "") !== "") return;
  if (!interactive) throw refusedContext(context);
  const dialogue = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await dialogue.question(`context ${context} is not a kind cluster; go on? [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) throw refusedContext(context);
  } finally {
    dialogue.close();
  }
}
