import { exitCodes } from "../../run/failure";
import { selectExperiments } from "./select";

const files = ["lab/experiments/a.yaml", "lab/experiments/b.yaml", "lab/experiments/c-d.yaml"];

test.each([
  [undefined, files],
  ["", files],
  ["b", ["lab/experiments/b.yaml"]],
  ["c-d, a", ["lab/experiments/a.yaml", "lab/experiments/c-d.yaml"]],
  ["lab/experiments/b.yaml", ["lab/experiments/b.yaml"]],
])("%p selects %j", (only, expected) => {
  expect(selectExperiments(only, files)).toEqual(expected);
});

test("a name that does not exist is refused with those that do", () => {
  expect(() => selectExperiments("a,x,y", files)).toThrow(
    expect.objectContaining({
      message: "there is no experiment x, y",
      fix: "give some of a, b, c-d",
      exitCode: exitCodes.usage,
    }),
  );
});
