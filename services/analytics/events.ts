import { onAll, type ReceivedEvent, type Subscription } from "../../lib/consumer";
import { type EventName } from "../../lib/events";
import { type CountedEvent, countedNames, project } from "./projection";
import { addToMinutes, holdGeneration, takeCounted } from "./store";

/** Counts the events of a batch with one upsert for all minutes they touch. */
export const subscriptions: Subscription[] = [
  onAll([...countedNames], async (tx, received) => {
    const generation = await holdGeneration(tx);
    const counted = await takeCounted(
      tx,
      received.map((event) => event.id),
    );
    const fresh = received.filter((event) => !counted.has(event.id));
    await addToMinutes(tx, generation, project(fresh.filter(isCounted)));
  }),
];

function isCounted(event: ReceivedEvent<EventName>): event is ReceivedEvent<EventName> & CountedEvent {
  return (countedNames as readonly string[]).includes(event.name);
}
