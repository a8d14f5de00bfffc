import { type Bus } from "../../lib/bus";
import { type Database, type Queryable } from "../../lib/db";
import { AppError } from "../../lib/errors";
import { type Log } from "../../lib/log";
import { minuteOf, minuteOfEvent, project } from "./projection";
import {
  beat,
  beginRebuild,
  endRebuild,
  goLive,
  keepMinutes,
  noteRead,
  type Rebuild,
  removeLeftovers,
} from "./rebuild-store";
import { addToMinutes, lockGeneration } from "./store";
import { openStream, type StreamEvent, type StreamReader } from "./stream";

export type Rebuilder = {
  /** Starts a rebuild in the background, or returns the one that runs. Throws peer.unavailable without a broker. */
  start(): Promise<Rebuild>;
  /** Gives up a rebuild of this process and waits for its end. */
  stop(): Promise<void>;
};

const silenceMs = 15_000;
/** Live events wait while the tail is read, so the broker gets less time there. */
const tailSilenceMs = 5_000;

/**
 * Builds the projection anew from the stream while live events go on being counted.
 *
 * It fills a generation of its own with what the stream holds, which takes long, then catches up with what
 * came meanwhile. For the swap it locks the projection: no batch of live events is half done then, and none
 * begins. All that was ever counted live came from the stream, so once the tail is read too, the new
 * generation holds everything that the old one did. What it holds beyond that (in the stream, but not in the
 * inbox yet) is noted in counted_events, and the live consumer passes over it. So each event counts once.
 */
export function createRebuilder(options: { db: Database; bus: Bus; log: Log }): Rebuilder {
  const { db, bus, log } = options;
  let stopped = false;
  let running: Promise<void> | undefined;

  const readTo = async (reader: StreamReader, id: string, target: number): Promise<void> => {
    for await (const batch of reader.read(target, silenceMs)) {
      if (stopped) throw new Error("the service stopped");
      await db.transaction((tx) => take(tx, id, batch));
    }
  };

  const rebuild = async (id: string): Promise<void> => {
    await removeLeftovers(db, id);
    const reader = await openStream(await bus.connection());
    await readTo(reader, id, await reader.lastSequence());
    // Once more, so that little is left to read while live events wait.
    await readTo(reader, id, await reader.lastSequence());
    await db.transaction(async (tx) => {
      await stayAlive(tx, id, 0);
      const live = await lockGeneration(tx);
      const target = await reader.lastSequence();
      for await (const batch of reader.read(target, tailSilenceMs)) await take(tx, id, batch);
      await takeOver(tx, id, { live, missingUntil: await reader.missingUntil() });
      await endRebuild(tx, id, null);
    });
  };

  const run = async (id: string): Promise<void> => {
    try {
      await rebuild(id);
      log.info({ rebuild: id }, "the projection is rebuilt");
    } catch (error) {
      log.error({ err: error, rebuild: id }, "the rebuild failed; the projection is as it was");
      const reason = error instanceof Error ? error.message : String(error);
      await endRebuild(db, id, reason).catch((cause: unknown) => {
        log.error({ err: cause, rebuild: id }, "the failed rebuild could not be recorded");
      });
    }
  };

  return {
    start: async () => {
      if (!bus.connected()) throw new AppError("peer.unavailable", "the broker cannot be reached");
      const { rebuild: begun, started } = await db.transaction(beginRebuild);
      if (started) running = run(begun.id);
      return begun;
    },
    stop: async () => {
      stopped = true;
      await running;
    },
  };
}

/** Throws where this rebuild was taken for dead and another one took its place. */
async function stayAlive(tx: Queryable, id: string, eventsRead: number): Promise<void> {
  if (!(await beat(tx, id, eventsRead))) throw new Error("another rebuild took over");
}

/** Counts what is new of a batch in the rebuild's generation. */
async function take(tx: Queryable, id: string, batch: StreamEvent[]): Promise<void> {
  await stayAlive(tx, id, batch.length);
  const fresh = await noteRead(
    tx,
    id,
    batch.map((event) => ({ id: event.id, minute: minuteOfEvent(event) })),
  );
  // An event may also be twice in one batch: only its first copy counts.
  const counted = batch.filter((event) => fresh.delete(event.id));
  await addToMinutes(tx, id, project(counted));
}

/**
 * The swap. Where the stream has dropped its oldest events, the minutes they may belong to stay as they were
 * counted live.
 */
async function takeOver(
  tx: Queryable,
  id: string,
  { live, missingUntil }: { live: string; missingUntil: Date | undefined },
): Promise<void> {
  if (missingUntil) await keepMinutes(tx, id, live, new Date(minuteOf(missingUntil.toISOString())));
  await goLive(tx, id);
}
