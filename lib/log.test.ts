import { runInContext } from "./context";
import { createLog } from "./log";
import { extractTrace, prepareTelemetry, runInTrace } from "./telemetry";

function capture(): { lines: Record<string, unknown>[]; write(line: string): void } {
  const lines: Record<string, unknown>[] = [];
  return { lines, write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) };
}

test("a line has the service, the level as a word, the time and the ids of the request", () => {
  prepareTelemetry();
  const output = capture();
  const log = createLog("order", "info", output);
  const trace = extractTrace({ traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01` });
  runInTrace(trace, () =>
    runInContext({ correlationId: "c-1", orderId: "o-1" }, () => log.info({ status: 200 }, "request")),
  );
  log.debug("below the level");
  expect(output.lines).toEqual([
    {
      level: "info",
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      service: "order",
      msg: "request",
      status: 200,
      correlation_id: "c-1",
      order_id: "o-1",
      trace_id: "a".repeat(32),
      span_id: "b".repeat(16),
    },
  ]);
});

test("an error keeps its stack, code and causes, but not the row's values that pg adds", () => {
  const output = capture();
  const cause = Object.assign(new Error("duplicate key"), {
    code: "23505",
    detail: "Key (email)=(ada@example.com) already exists.",
  });
  createLog("user", "info", output).error({ err: new Error("insert failed", { cause }) }, "failed");
  const [line] = output.lines;
  expect(line).toMatchObject({
    err: {
      message: "insert failed",
      stack: expect.any(String),
      cause: { message: "duplicate key", code: "23505" },
    },
  });
  expect(JSON.stringify(line)).not.toContain("ada@example.com");
});
