import { type NatsConnection } from "nats";

import { type Bus } from "../../lib/bus";
import { eventsOf, serviceNames, streams } from "../../lib/events";
import { type Log } from "../../lib/log";
import { ensureConsumer } from "../../lib/pull";

const retryMs = 2_000;
const checkMs = 30_000;

/** Gives each stream `replicas` copies where it has fewer, as when one broker has become three. */
async function ensureReplicas(connection: NatsConnection, replicas: number): Promise<void> {
  const manager = await connection.jetstreamManager({ checkAPI: false, timeout: 5_000 });
  for (const { name } of Object.values(streams)) {
    const { config } = await manager.streams.info(name);
    if (config.num_replicas < replicas)
      await manager.streams.update(name, { ...config, num_replicas: replicas });
  }
}

/**
 * Keeps the streams (the bus' own work) with `replicas` copies and a durable consumer per service there, until
 * it is stopped.
 */
export function keepConsumers(
  bus: Bus,
  { log, replicas }: { log: Log; replicas: number },
): { ready(): boolean; stop(): void } {
  let ready = false;
  let stopped = false;
  let running = false;
  let timer: NodeJS.Timeout | undefined;

  const ensureAll = async (): Promise<void> => {
    const connection = await bus.connection();
    await ensureReplicas(connection, replicas);
    for (const service of serviceNames) {
      const subjects = eventsOf(service);
      if (subjects.length === 0) continue;
      await ensureConsumer(connection, { stream: streams.events.name, durable: service, subjects });
    }
  };

  const check = async (): Promise<void> => {
    if (stopped || running) return;
    running = true;
    clearTimeout(timer);
    let next = checkMs;
    try {
      bus.checkStreams();
      await ensureAll();
      if (!ready) log.info("streams and consumers are there");
      ready = true;
    } catch (error) {
      ready = false;
      next = retryMs;
      if (!stopped) log.warn({ err: error }, "streams and consumers could not be made yet");
    } finally {
      running = false;
    }
    // A broker may lose its data without losing the connection.
    if (!stopped) timer = setTimeout(() => void check(), next);
  };

  const onReady = (): void => void check();
  bus.onReady(onReady);
  void check();
  return {
    ready: () => ready && bus.connected(),
    stop: () => {
      stopped = true;
      bus.offReady(onReady);
      clearTimeout(timer);
    },
  };
}
