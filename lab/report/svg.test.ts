import { escape, renderPlot, roundUp } from "./svg";

test.each([
  [0, 1],
  [0.3, 0.5],
  [7, 10],
  [10, 10],
  [11, 20],
  [420, 500],
])("an axis for %d ends at %d", (value, top) => {
  expect(roundUp(value)).toBe(top);
});

const plot = (values: (number | undefined)[]): string =>
  renderPlot({
    title: "Orders <per> second",
    unit: "",
    stepSeconds: 1,
    series: [{ name: "good", colour: "#000", values }],
    bands: [{ name: 'payment "down"', from: 1, to: 2 }],
  });

test("what a file says is text in the page", () => {
  const svg = plot([1, 2]);
  expect(svg).toContain("Orders &lt;per&gt; second");
  expect(svg).toContain("payment &quot;down&quot;");
  expect(escape("a & b")).toBe("a &amp; b");
});

test("a value that is missing is a gap in the line", () => {
  const path = /<path d="([^"]*)" fill="none"/.exec(plot([1, 2, undefined, 3]))?.[1] ?? "";
  expect(path.match(/M/g)).toHaveLength(2);
  expect(path.match(/L/g)).toHaveLength(1);
});

test("a plot of nothing is drawn without a line", () => {
  expect(plot([])).toContain('<path d="" fill="none"');
});
