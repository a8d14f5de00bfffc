import { HTTP } from "cloudevents";
import { v7 as uuidv7 } from "uuid";

import { sampleEvent } from "../test/support/events";
import { toMessage } from "./envelope";
import { type EventName, eventNames, events, eventType, streams } from "./events";

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

function messageOf(name: EventName) {
  const data = sampleEvent(name);
  const row = {
    id: uuidv7(),
    seq: 1,
    aggregate_id: data.order_id,
    subject: name,
    type: eventType(name),
    data: JSON.stringify(data),
    traceparent,
    correlation_id: "c-1",
    occurred_at: new Date("2026-01-02T03:04:05.678Z"),
  };
  return { data, row, message: toMessage(row, traceparent) };
}

test.each(eventNames)("%s: the CloudEvents SDK reads what is published", (name) => {
  const { data, row, message } = messageOf(name);
  // HTTP's binding differs from that of NATS in the name of one header.
  const { "ce-datacontenttype": contentType, ...headers } = message.headers;
  const event = HTTP.toEvent({ headers: { ...headers, "content-type": contentType }, body: message.data });
  expect(JSON.parse(JSON.stringify(event))).toMatchObject({
    id: row.id,
    source: `/symphony/${events[name].producer}`,
    type: `symphony.${name}.v1`,
    subject: data.order_id,
    time: "2026-01-02T03:04:05.678Z",
    specversion: "1.0",
    datacontenttype: "application/json",
    correlationid: "c-1",
    traceparent,
    data,
  });
});

test.each(eventNames)("%s: has a stream", (name) => {
  expect(streams.events.subjects as readonly string[]).toContain(`${name.split(".")[0] ?? ""}.*`);
});
