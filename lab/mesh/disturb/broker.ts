import { rm } from "node:fs/promises";

import { streams } from "../../../lib/events";
import { withBroker } from "../../run/clients";
import { type Disturbed } from "./disturbance";
import { type Host } from "./host";
import { processesOf } from "./processes";

/** The broker anew, without a stream, consumer or message. */
export async function wipeBroker(host: Host): Promise<Disturbed> {
  const [broker] = processesOf(host, { victim: "broker" });
  const before = broker?.pid;
  await broker?.hold();
  await rm(host.runner.brokerFolder, { recursive: true, force: true });
  await broker?.release();
  return {
    detail: "the broker started anew without its data",
    observe: () =>
      Promise.resolve({
        seen: broker?.pid !== undefined && broker.pid !== before,
        detail: "its process is another one, and its folder was removed in between",
      }),
    heal: () => Promise.resolve(),
  };
}

/** No message is so short, so the stream takes none. */
const refusesAllBytes = 1;
const noLimit = -1;

/** The dead-letter stream stays, and refuses what it is sent. */
export async function refuseDeadLetters(host: Host): Promise<Disturbed> {
  const limit = (max_msg_size: number): Promise<void> =>
    withBroker(host.runner.natsUrl(), async (connection) => {
      const manager = await connection.jetstreamManager();
      await manager.streams.update(streams.deadLetters.name, { max_msg_size });
    });
  await limit(refusesAllBytes);
  return {
    detail: "the stream of dead letters takes no message",
    observe: () =>
      withBroker(host.runner.natsUrl(), async (connection) => {
        const manager = await connection.jetstreamManager();
        const { config } = await manager.streams.info(streams.deadLetters.name);
        return {
          seen: config.max_msg_size === refusesAllBytes,
          detail: `its limit is ${String(config.max_msg_size)} byte a message`,
        };
      }),
    heal: () => limit(noLimit),
  };
}
