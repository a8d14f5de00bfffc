import { type Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  type DataSourceRef,
  LegendDisplayMode,
  LegendPlacement,
  SortOrder,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  type Panel,
  RowBuilder,
  type VariableModel,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as GraphBuilder } from "@grafana/grafana-foundation-sdk/timeseries";

/** The data sources that grafana.ts provisions, by uid. */
export const sources = {
  prometheus: { type: "prometheus", uid: "prometheus" },
  jaeger: { type: "jaeger", uid: "jaeger" },
  loki: { type: "loki", uid: "loki" },
} as const satisfies Record<string, DataSourceRef>;

/** The window of rates: Grafana makes it at least four scrapes long. */
export const window = "$__rate_interval";

/** Units of Grafana that are in use. */
export type Unit = "short" | "s" | "reqps" | "ops" | "percentunit" | "bytes";

/** PromQL, and what a line is called: labels in double braces. */
export type Query = [expr: string, legend: string];

export type PanelOptions = {
  title: string;
  unit: Unit;
  /** What a reader should make of it. */
  description?: string;
  /** Of 24 columns. @default 8 for graphs, 6 for numbers */
  width?: number;
  /** Points that lead to a trace of a request in the histogram. */
  exemplars?: boolean;
  queries: Query[];
};

function targets({ queries, exemplars = false }: PanelOptions, instant: boolean): DataqueryBuilder[] {
  return queries.map(([expr, legend], index) => {
    const query = new DataqueryBuilder()
      .expr(expr)
      .legendFormat(legend)
      .refId(String.fromCharCode("A".charCodeAt(0) + index))
      .datasource(sources.prometheus);
    if (instant) query.instant();
    else query.range();
    return exemplars ? query.exemplar(true) : query;
  });
}

/** Lines over time. */
export function graph(options: PanelOptions): Builder<Panel> {
  const { title, unit, description = "", width = 8 } = options;
  return new GraphBuilder()
    .title(title)
    .description(description)
    .datasource(sources.prometheus)
    .unit(unit)
    .min(0)
    .span(width)
    .height(8)
    .lineWidth(1)
    .fillOpacity(8)
    .showPoints(VisibilityMode.Never)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .targets(targets(options, false));
}

/** One number for each query, as it is now. */
export function number(options: PanelOptions): Builder<Panel> {
  const { title, unit, description = "", width = 6 } = options;
  return new StatBuilder()
    .title(title)
    .description(description)
    .datasource(sources.prometheus)
    .unit(unit)
    .span(width)
    .height(4)
    .targets(targets(options, true));
}

export type DashboardOptions = {
  uid: string;
  title: string;
  description: string;
  variables?: Builder<VariableModel>[];
  rows: [title: string, panels: Builder<Panel>[]][];
};

const tag = "symphony";

/** A dashboard of rows, with links to all others; it can be read, not changed: its source is this folder. */
export function dashboard({ uid, title, description, variables = [], rows }: DashboardOptions): Dashboard {
  const builder = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags([tag])
    .timezone("browser")
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: "now-1h", to: "now" })
    .refresh("10s")
    .variables(variables)
    .link(
      new DashboardLinkBuilder("Symphony")
        .type(DashboardLinkType.Dashboards)
        .tags([tag])
        .asDropdown(true)
        .keepTime(true),
    );
  for (const [name, panels] of rows) {
    builder.withRow(new RowBuilder(name));
    for (const panel of panels) builder.withPanel(panel);
  }
  return numbered(builder.build());
}

/** Panels are told apart by their numbers, which the SDK leaves out; `auto` and its like are of another kind of variable. */
function numbered(board: Dashboard): Dashboard {
  return {
    ...board,
    panels: board.panels?.map((panel, index) => ({ ...panel, id: index + 1 })),
    templating: {
      list: board.templating?.list?.map(
        ({ auto: _auto, auto_min: _min, auto_count: _count, ...variable }) => variable,
      ),
    },
  };
}

/** `share` of the observations of a histogram are below this, by the labels `by`. */
export function quantile(share: number, histogram: string, selector = "", by: string[] = []): string {
  const labels = ["le", ...by].join(", ");
  return `histogram_quantile(${share}, sum by (${labels}) (rate(${histogram}_bucket${selector}[${window}])))`;
}

/** Median and tails of a histogram, a line each. */
export function quantiles(histogram: string, selector = ""): Query[] {
  return [0.5, 0.95, 0.99].map((share) => [quantile(share, histogram, selector), `p${share * 100}`]);
}

/** Increases per second, by the labels `by`; 0 where nothing was counted yet. */
export function rate(counter: string, selector = "", by: string[] = []): string {
  const sum = `(rate(${counter}${selector}[${window}]))`;
  return by.length === 0 ? `sum${sum} or vector(0)` : `sum by (${by.join(", ")}) ${sum}`;
}
