import { type Alert, alerts } from "./alerts";
import { objectives, ratioName, windows } from "./objectives";

export type RecordingRule = { record: string; expr: string };
export type AlertingRule = {
  alert: string;
  expr: string;
  for?: string;
  labels: { severity: Alert["severity"] };
  annotations: { summary: string; runbook: string };
};
export type RuleGroup = { name: string; interval?: string; rules: (RecordingRule | AlertingRule)[] };
/** A rule file of Prometheus. */
export type RuleFile = { groups: RuleGroup[] };

/** Where docs/runbook.md tells about an alert. */
export const runbookOf = (alert: string): string => `docs/runbook.md#${alert.toLowerCase()}`;

const ratios: RecordingRule[] = objectives.flatMap((objective) =>
  windows.map((window) => ({ record: ratioName(objective, window), expr: objective.badRatio(window) })),
);

const alertingRules: AlertingRule[] = alerts.map((alert) => ({
  alert: alert.name,
  expr: alert.expr,
  ...(alert.for === undefined ? {} : { for: alert.for }),
  labels: { severity: alert.severity },
  annotations: { summary: alert.summary, runbook: runbookOf(alert.name) },
}));

/** All recording and alerting rules. */
export const ruleFile: RuleFile = {
  groups: [
    { name: "objectives", interval: "30s", rules: ratios },
    { name: "alerts", rules: alertingRules },
  ],
};
