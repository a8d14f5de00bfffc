import {
  type Dimension,
  dimensions,
  families,
  familyNames,
  type Measured,
  type Measurements,
  opinions,
  type Subject,
  subjects,
} from "./subjects";

const atOnceMs = 10;

/** The best of a figure among what takes orders; the gateway's views are compared with themselves. */
const best = (all: Measurements, figure: (one: Measured) => number, pick: "max" | "min"): number =>
  Math[pick](...subjects.filter((name) => name !== "gateway").map((name) => figure(all[name])));

const steps = (value: number, medium: number, high: number): string =>
  value >= high ? "High" : value >= medium ? "Medium" : "Low";

function successOf({ success }: Measured): number {
  // Each family counts the same, however many orders it takes to tell.
  const shares = familyNames
    .map((family) => success[family])
    .filter(({ of }) => of > 0)
    .map(({ good, of }) => good / of);
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

/** What the measurement says in the article's words. The rules stand in `gradeRules`. */
export function gradeOf(subject: Subject, dimension: Dimension, all: Measurements): string {
  const one = all[subject];
  switch (dimension) {
    case "consistency":
      if (subject === "gateway") return "Varies";
      return one.stalenessMs < atOnceMs && one.leftovers + one.violations === 0 ? "Strong" : "Eventual";
    case "performance":
      if (subject === "gateway") return steps(1 / one.answerMs, 1 / 100, 1 / 20);
      return steps(one.perSecond / best(all, ({ perSecond }) => perSecond, "max"), 0.4, 0.8);
    case "complexity": {
      const times = one.lines / best(all, ({ lines }) => lines, "min");
      return steps(times, 1.25, 2);
    }
    case "fault tolerance":
      return steps(successOf(one), 0.9, 0.99);
  }
}

/** How the words come about. */
export const gradeRules =
  "Consistency is strong where the final state can be read within 10 ms of the answer and nothing is left over. Performance is high " +
  "from 80 % of the best throughput on and medium from 40 % on; for the gateway's view high up to 20 ms and medium up to 100 ms. " +
  "Complexity is low below 1.25 times the lines of the smallest pattern, and high from twice as many on. Fault tolerance is " +
  "high from a mean success over the families of 99 % on, and medium from 90 % on.";

const ms = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} ms`;

function figuresOf(subject: Subject, dimension: Dimension, one: Measured): string {
  const isView = subject === "gateway";
  switch (dimension) {
    case "consistency":
      return isView
        ? "shows what each service knows at the moment"
        : `${String(one.violations)} violations, ${String(one.leftovers)} left over, final after ${ms(one.stalenessMs)}`;
    case "performance":
      return isView
        ? `answer ${ms(one.answerMs)}, CPU ${ms(one.cpuMs)}`
        : `answer ${ms(one.answerMs)}, done ${ms(one.completeMs)}, ${one.perSecond.toFixed(0)}/s, CPU ${ms(one.cpuMs)}`;
    case "complexity":
      return (
        `${String(one.services)} services, ${one.calls.toFixed(1)} calls, ${one.messages.toFixed(1)} messages, ` +
        `${String(one.lines)} lines`
      );
    case "fault tolerance":
      return familyNames
        .map((family) => {
          const { good, of } = one.success[family];
          return `${family} ${of === 0 ? "–" : `${((100 * good) / of).toFixed(0)} %`}`;
        })
        .join(", ");
  }
}

/** One cell: the figures, then the article's word and ours where they differ. */
function cell(subject: Subject, dimension: Dimension, all: Measurements): string {
  const opinion = opinions[subject][dimension];
  const grade = gradeOf(subject, dimension, all);
  const verdict =
    grade === opinion ? `article: ${opinion}, agreed` : `article: ${opinion}, **measured: ${grade}**`;
  return `${figuresOf(subject, dimension, all[subject])}; ${verdict}`;
}

/** The matrix as text cells. Pure. */
export function matrixTable(all: Measurements): { headings: string[]; cells: string[][]; remarks: string[] } {
  const disagreed = subjects.flatMap((subject) =>
    dimensions
      .filter((dimension) => gradeOf(subject, dimension, all) !== opinions[subject][dimension])
      .map(
        (dimension) =>
          `${subject}'s ${dimension} is ${gradeOf(subject, dimension, all)}, not ${opinions[subject][dimension]}`,
      ),
  );
  return {
    headings: ["", ...dimensions],
    cells: subjects.map((subject) => [
      subject,
      ...dimensions.map((dimension) => cell(subject, dimension, all)),
    ]),
    remarks: [
      gradeRules,
      `The families of faults: ${familyNames.map((family) => `${family}: ${families[family]}`).join("; ")}. The first two are at payment's ` +
        "sidecar, so only calls meet them; the others stop whoever handles its events too. Success is an order that was " +
        "confirmed within 30 s, or a view without missing parts.",
      `For one view of an order a client sends one request. Without the composition it would send ${String(all.gateway.services - 1)}.`,
      disagreed.length === 0
        ? "Measurement and article agree in every cell."
        : `Measurement disagrees with the article: ${disagreed.join("; ")}.`,
    ],
  };
}
