import { hasColour, table } from "./terminal";

test.each([
  [true, {}, true],
  [false, {}, false],
  [true, { NO_COLOR: "1" }, false],
  [true, { NO_COLOR: "" }, true],
  [true, { TERM: "dumb" }, false],
])("a stream with isTTY %s and %j shows colours: %s", (isTTY, environment, expected) => {
  expect(hasColour({ isTTY } as NodeJS.WriteStream, environment)).toBe(expected);
});

test("columns are as wide as what one sees of their widest cell", () => {
  expect(
    table(
      ["a", "b"],
      [
        ["\u001b[32mlong\u001b[0m", "1"],
        ["x", "2"],
      ],
    ),
  ).toBe("a     b\n\u001b[32mlong\u001b[0m  1\nx     2");
});
