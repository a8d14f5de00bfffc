import { escape } from "../report/svg";
import { type Journal } from "./journal";

/** The verdicts as JUnit XML: one test case per run. What is not held is a failure, what says nothing an error. */
export function renderJunit(journals: readonly Journal[]): string {
  const cases = journals.map(({ symphony, duration }) => {
    const { outcome, verdict, name, withoutProtection } = symphony;
    const open = `    <testcase classname="experiments" name="${escape(name + (withoutProtection ? " without its protection" : ""))}" time="${duration.toFixed(3)}"`;
    if (outcome === "held") return `${open}/>`;
    const element = outcome === "failed" ? "failure" : "error";
    const text = escape(verdict.reasons.join("\n"));
    return `${open}>\n      <${element} message="${escape(outcome)}">${text}</${element}>\n    </testcase>`;
  });
  const count = (wanted: (outcome: string) => boolean): string =>
    String(journals.filter(({ symphony }) => wanted(symphony.outcome)).length);
  const attributes = `tests="${String(journals.length)}" failures="${count((outcome) => outcome === "failed")}" errors="${count((outcome) => outcome !== "failed" && outcome !== "held")}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites ${attributes}>
  <testsuite name="experiments" ${attributes}>
${cases.join("\n")}
  </testsuite>
</testsuites>
`;
}
