import { z } from "zod";

import { decodeCursor, encodeCursor } from "./cursor";

const schema = z.strictObject({ after: z.string() });

test("a cursor comes back as it was, and needs no escaping in a URL", () => {
  const cursor = encodeCursor({ after: "café/??~" });
  expect(cursor).toMatch(/^[\w-]+$/);
  expect(decodeCursor(cursor, schema)).toEqual({ after: "café/??~" });
});

test.each([
  "",
  "x",
  "%%%",
  encodeCursor("text"),
  encodeCursor({ after: 1 }),
  encodeCursor({ after: "a", more: 1 }),
])("%p is refused and named", (cursor) => {
  expect(() => decodeCursor(cursor, schema)).toThrow(
    expect.objectContaining({
      code: "request.invalid",
      errors: [{ path: "cursor", message: "is not a cursor of this list" }],
    }),
  );
});
