import { parseEventStream, type ServerSentEvent } from "./sse";

async function parse(chunks: string[]): Promise<ServerSentEvent[]> {
  async function* stream(): AsyncGenerator<Buffer> {
    for (const chunk of chunks) yield await Promise.resolve(Buffer.from(chunk));
  }
  const events: ServerSentEvent[] = [];
  for await (const event of parseEventStream(stream())) events.push(event);
  return events;
}

test.each<[string, string[], ServerSentEvent[]]>([
  ["one event", ["event: step\nid: 4\ndata: {}\n\n"], [{ event: "step", id: "4", data: "{}" }]],
  [
    "an event over several chunks",
    ["event: st", "ep\ndata: a", "\n", "\n"],
    [{ event: "step", id: undefined, data: "a" }],
  ],
  ["several lines of data", ["data: a\ndata: b\n\n"], [{ event: "message", id: undefined, data: "a\nb" }]],
  ["CRLF", ["event: x\r\ndata: a\r\n\r\n"], [{ event: "x", id: undefined, data: "a" }]],
  [
    "heartbeats, which are no events",
    [": heartbeat\n\ndata: a\n\n"],
    [{ event: "message", id: undefined, data: "a" }],
  ],
  [
    "an event cut off by the end, which does not count",
    ["data: a\n\ndata: b\n"],
    [{ event: "message", id: undefined, data: "a" }],
  ],
])("reads %s", async (_name, chunks, expected) => {
  expect(await parse(chunks)).toEqual(expected);
});

test("a character split between two chunks stays whole", async () => {
  async function* stream(): AsyncGenerator<Buffer> {
    const bytes = Buffer.from("data: ü\n\n");
    yield await Promise.resolve(bytes.subarray(0, 7));
    yield await Promise.resolve(bytes.subarray(7));
  }
  for await (const event of parseEventStream(stream())) expect(event.data).toBe("ü");
});
