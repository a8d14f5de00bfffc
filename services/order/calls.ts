import { AppError } from "../../lib/errors";
import { type EventName } from "../../lib/events";
import { type Failure, type Step, type SyncOutcome } from "./order";
import { type Peers, type StepOrder } from "./peers";

type Call = {
  run(order: StepOrder): Promise<void>;
  undo(order: StepOrder, reason: string): Promise<void>;
  done: EventName;
  refused: EventName;
  undone: EventName;
};

function callsOf(peers: Peers): Call[] {
  return [
    {
      run: peers.reserve,
      undo: peers.release,
      done: "inventory.reserved",
      refused: "inventory.reservation-failed",
      undone: "inventory.released",
    },
    {
      run: peers.charge,
      undo: peers.refund,
      done: "payment.processed",
      refused: "payment.failed",
      undone: "payment.refunded",
    },
    {
      run: peers.ship,
      undo: peers.cancelShipment,
      done: "shipping.scheduled",
      refused: "shipping.failed",
      undone: "shipping.failed",
    },
  ];
}

/**
 * Reserves, charges and ships in turn. Where a step fails, the steps before it are undone in reverse order,
 * and so is the step itself where its answer was lost: it may have been done. Never rejects.
 */
export async function runCalls(peers: Peers, order: StepOrder): Promise<SyncOutcome & { error?: AppError }> {
  const steps: Step[] = [];
  const toUndo: Call[] = [];
  for (const call of callsOf(peers)) {
    const error = await attempt(() => call.run(order));
    if (!error) {
      steps.push({ event: call.done, at: new Date() });
      toUndo.unshift(call);
      continue;
    }
    const failure = failureOf(error);
    if (error.httpStatus < 500) steps.push({ event: call.refused, at: new Date(), detail: failure.reason });
    else toUndo.unshift(call);
    const undone = await undoAll(toUndo, { order, reason: failure.reason, steps });
    return { steps, error, failure: { ...failure, undone } };
  }
  return { steps };
}

/** A failure as events and timelines carry it: the reason begins with the code. */
export function failureOf(error: AppError): Failure & { code: string } {
  return { code: error.code, reason: `${error.code}: ${error.message}`.slice(0, 500) };
}

/**
 * Stops at the first call that fails and does not try again: the backward chain of events then undoes the
 * rest, in the same order, so that stock is never released before the money is given back.
 */
async function undoAll(
  calls: Call[],
  context: { order: StepOrder; reason: string; steps: Step[] },
): Promise<boolean> {
  for (const call of calls) {
    const error = await attempt(() => call.undo(context.order, context.reason));
    if (error) return false;
    context.steps.push({ event: call.undone, at: new Date(), detail: context.reason });
  }
  return true;
}

async function attempt(work: () => Promise<void>): Promise<AppError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof AppError) return error;
    return new AppError("internal", "a call failed unexpectedly", { cause: error });
  }
}
