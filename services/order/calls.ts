import { AppError } from "../../lib/errors";
import { type EventName } from "../../lib/events";
import { type Failure, type Step, type SyncOutcome } from "./order";
import { type Peers, type StepOrder } from "./peers";

type Call = {
  run(order: StepOrder): Promise<void>;
  /** Absent where there is nothing to undo, as with a mail. */
  undo?: {
    run(order: StepOrder, reason: string): Promise<void>;
    undone: EventName;
  };
  /** Absent where no line of the timeline tells it. */
  told?: { done: EventName; refused: EventName };
};

type UndoContext = { order: StepOrder; reason: string; steps: Step[] };

function callsOf(peers: Peers): Call[] {
  return [
    {
      run: peers.reserve,
      undo: { run: peers.release, undone: "inventory.released" },
      told: { done: "inventory.reserved", refused: "inventory.reservation-failed" },
    },
    {
      run: peers.charge,
      undo: { run: peers.refund, undone: "payment.refunded" },
      told: { done: "payment.processed", refused: "payment.failed" },
    },
    {
      run: peers.ship,
      undo: { run: peers.cancelShipment, undone: "shipping.failed" },
      told: { done: "shipping.scheduled", refused: "shipping.failed" },
    },
    ...(peers.chain ?? []).map((run) => ({ run })),
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
      if (call.told) steps.push({ event: call.told.done, at: new Date() });
      toUndo.unshift(call);
      continue;
    }
    const failure = failureOf(error);
    if (error.httpStatus >= 500) toUndo.unshift(call);
    else if (call.told) steps.push({ event: call.told.refused, at: new Date(), detail: failure.reason });
    const context = { order, reason: failure.reason, steps };
    // Without events nobody else undoes: what is left after one try each is left for good.
    const undone = peers.chain ? await tryUndoing(toUndo, context) : await undoAll(toUndo, context);
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
async function undoAll(calls: Call[], context: UndoContext): Promise<boolean> {
  for (const call of calls) if (!(await undoOne(call, context))) return false;
  return true;
}

async function tryUndoing(calls: Call[], context: UndoContext): Promise<boolean> {
  for (const call of calls) await undoOne(call, context);
  return true;
}

async function undoOne({ undo }: Call, { order, reason, steps }: UndoContext): Promise<boolean> {
  if (!undo) return true;
  const error = await attempt(() => undo.run(order, reason));
  if (error) return false;
  steps.push({ event: undo.undone, at: new Date(), detail: reason });
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
