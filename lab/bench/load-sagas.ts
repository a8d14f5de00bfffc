import { type LoadResult, runLoad } from "../load/load";
import { type LoadOptions } from "../load/options";
import { type Stack } from "../run/stack";
import { readCpu } from "./cpu";
import { demoOrder } from "./unloaded";

/**
 * Sends sagas at a rate. `before` is the CPU that each process had used when the first one was sent: registering the
 * customers is not part of an order's cost.
 */
export async function loadSagas(
  stack: Stack,
  options: Pick<LoadOptions, "rate" | "durationMs" | "seed"> &
    Pick<Partial<LoadOptions>, "users" | "onMeasured">,
): Promise<{ result: LoadResult; before: Map<string, number> }> {
  let before = readCpu(stack);
  const result = await runLoad({
    ...options,
    url: stack.url,
    usersUrl: await stack.serviceUrl("user"),
    mix: [{ value: demoOrder, weight: 1 }],
    patterns: ["saga"],
    onReady: () => (before = readCpu(stack)),
  });
  return { result, before };
}
