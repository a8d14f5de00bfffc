import { type Dashboard, type Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { type Dataquery } from "@grafana/grafana-foundation-sdk/prometheus";

import { mesh } from "./mesh";
import { messaging } from "./messaging";
import { overview } from "./overview";
import { saga } from "./saga";
import { service } from "./service";

/** Every dashboard, by the name of its file in k8s/dist/dashboards. */
export function createDashboards(): Map<string, Dashboard> {
  return new Map(
    Object.entries({ overview, saga, messaging, mesh, service }).map(([name, create]) => [name, create()]),
  );
}

/** The text of a dashboard's file. */
export const renderDashboard = (board: Dashboard): string => `${JSON.stringify(board, undefined, 2)}\n`;

export type PanelQuery = { dashboard: string; panel: string; expr: string; exemplars: boolean };

/** What each panel of a dashboard asks, with Grafana's variables still in it. */
export function queriesOf(board: Dashboard): PanelQuery[] {
  const panels = (board.panels ?? []).filter((panel): panel is Panel => "targets" in panel);
  return panels.flatMap(({ title = "", targets = [] }) =>
    (targets as Dataquery[]).map(({ expr, exemplar = false }) => ({
      dashboard: board.title ?? "",
      panel: title,
      expr,
      exemplars: exemplar,
    })),
  );
}
