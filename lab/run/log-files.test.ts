import { appendFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { lastWords, LogFile, parseLogLine } from "./log-files";

test.each([
  [
    '{"level":"warn","time":"2026-01-31T10:00:00.000Z","service":"order","order_id":"7","msg":"late"}',
    {
      time: "2026-01-31T10:00:00.000Z",
      level: "warn",
      service: "order",
      message: "late",
      fields: { order_id: "7" },
    },
  ],
  [
    '{"start_time":"2026-01-31T10:00:00.000Z","method":"GET","authority":"inventory:8080","response_code":200,"trace_id":null}',
    {
      time: "2026-01-31T10:00:00.000Z",
      level: "info",
      service: "x",
      message: "GET inventory:8080 200",
      fields: {},
    },
  ],
  [
    "[123] 2026/01/31 10:00:00.123456 [ERR] no room",
    { time: "2026-01-31T10:00:00.123Z", level: "error", service: "x", message: "no room", fields: {} },
  ],
  [
    '2026-01-31 10:00:00.123 UTC order FATAL:  role "order" is not permitted',
    {
      time: "2026-01-31T10:00:00.123Z",
      level: "fatal",
      service: "x",
      message: 'role "order" is not permitted',
      fields: { database: "order" },
    },
  ],
  [
    "2026-01-31 10:00:00.123 UTC  LOG:  ready",
    { time: "2026-01-31T10:00:00.123Z", level: "info", service: "x", message: "ready", fields: {} },
  ],
  [
    "    at main (order.ts:1)",
    { time: "", level: "info", service: "x", message: "    at main (order.ts:1)", fields: {} },
  ],
  ['{"level":"warn', { time: "", level: "info", service: "x", message: '{"level":"warn', fields: {} }],
])("reads %s", (line, expected) => {
  expect(parseLogLine(line, "x")).toEqual(expected);
});

test.each([
  ["", "it said nothing"],
  ["a\nb\n", "b"],
  ['{"level":"fatal","msg":"PORT is missing"}\n{"level":"info","msg":"bye"}', "PORT is missing"],
  ['{"level":"error","msg":"cannot start","err":{"message":"no database"}}', "cannot start: no database"],
  [
    '{"level":"critical","msg":"assert failure: inotify_fd_ >= 0"}\n{"level":"error","msg":"#0 UNKNOWN [0x1]"}',
    "assert failure: inotify_fd_ >= 0",
  ],
  [
    '{"level":"critical","msg":"assert failure: inotify_fd_ >= 0"}\n{"level":"critical","msg":"#0: [0x7f8b]"}',
    "assert failure: inotify_fd_ >= 0",
  ],
])("the last words of %j are %j", (output, expected) => {
  expect(lastWords(output)).toBe(expected);
});

test("a large log is cut, and its older part kept once", async () => {
  const folder = await mkdtemp(join(tmpdir(), "symphony-logs-"));
  const log = new LogFile(folder, "order");
  try {
    appendFileSync(log.path, "a".repeat(50));
    log.rotate(100);
    expect(log.size()).toBe(50);
    appendFileSync(log.path, "a".repeat(60));
    log.rotate(100);
    expect(log.size()).toBe(0);
    appendFileSync(log.path, "after");
    expect(log.since(110)).toBe("after");
    expect((await readFile(`${log.path}.1`, "utf8")).length).toBe(110);
  } finally {
    log.close();
    await rm(folder, { recursive: true });
  }
});
