import { inboxPrefix } from "../../lib/bus";
import {
  type EventName,
  eventNames,
  events,
  eventsOf,
  type ServiceName,
  serviceNames,
  streams,
} from "../../lib/events";

/** What a user of the broker may publish and subscribe to. What `deny` names is refused although it is allowed. */
export type Permissions = {
  publish: { allow: string[]; deny?: string[] };
  subscribe: { allow: string[] };
};

const stream = streams.events.name;
const deadLetters = streams.deadLetters.name;

function producedBy(service: ServiceName): EventName[] {
  return eventNames.filter((name) => events[name].producer === service);
}

/** What takes from the consumer `name`, or from all where it is `*`. */
function consumer(name: string): string[] {
  return [
    `$JS.API.CONSUMER.INFO.${stream}.${name}`,
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`,
    `$JS.ACK.${stream}.${name}.>`,
  ];
}

/** What would change the consumer `name` or take from it. */
function controlOf(name: string): string[] {
  return [
    ...consumer(name).slice(1),
    `$JS.API.CONSUMER.CREATE.${stream}.${name}`,
    `$JS.API.CONSUMER.CREATE.${stream}.${name}.>`,
    `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.${name}`,
    `$JS.API.CONSUMER.DELETE.${stream}.${name}`,
  ];
}

/**
 * Analytics builds its projection anew from the stream, through a consumer with a made-up name.
 * So it may create consumers, with any filter; those of the services stay out of its reach, its own durable's
 * settings too.
 */
const rebuild: Permissions["publish"] = {
  allow: [
    "$JS.API.INFO",
    `$JS.API.STREAM.MSG.GET.${stream}`,
    // Without a name it is the broker that makes one up; it refuses a durable there.
    `$JS.API.CONSUMER.CREATE.${stream}`,
    `$JS.API.CONSUMER.CREATE.${stream}.*`,
    `$JS.API.CONSUMER.DELETE.${stream}.*`,
    ...consumer("*"),
  ],
  deny: serviceNames.flatMap((service) =>
    service === "analytics"
      ? controlOf(service).filter((subject) => !consumer(service).includes(subject))
      : controlOf(service),
  ),
};

/**
 * What a service needs and no more: to publish its own events and dead letters, to take from its own durable
 * consumer, and to hear the answers to that. Streams and consumers are the provisioner's, so a service cannot
 * give its consumer another filter and so read what is not for it.
 */
export function permissionsOf(service: ServiceName): Permissions {
  const consumes = eventsOf(service).length > 0;
  const extra = service === "analytics" ? rebuild : { allow: [] };
  return {
    publish: {
      allow: [
        ...producedBy(service),
        ...(consumes ? [`dlq.${service}.>`, ...consumer(service)] : []),
        `$JS.API.STREAM.INFO.${stream}`,
        `$JS.API.STREAM.INFO.${deadLetters}`,
        ...extra.allow,
      ],
      ...(extra.deny === undefined ? {} : { deny: extra.deny }),
    },
    subscribe: { allow: [`${inboxPrefix(service)}.>`] },
  };
}
