/**
 * What a dashboard of ours may be, in Grafana's own types: closed, with the panels and the data source that we use.
 * dashboard.json is made from it, in a folder with this file and the packages @grafana/schema@13.2.3 and
 * ts-json-schema-generator@2.3.0; descriptions and defaults are left out of it:
 *   npx ts-json-schema-generator --path dashboard.d.ts --type Board --no-type-check --expose none
 */
import type * as stat from "@grafana/schema/dist/types/raw/composable/stat/panelcfg/x/types.gen";
import type * as timeseries from "@grafana/schema/dist/types/raw/composable/timeseries/panelcfg/x/types.gen";
import type * as raw from "@grafana/schema/dist/types/raw/dashboard/x/types.gen";

type Target = {
  datasource: { type: "prometheus"; uid: string };
  refId: string;
  expr: string;
  legendFormat?: string;
  exemplar?: boolean;
  instant?: boolean;
  range?: boolean;
};
type Fields<Custom> = Omit<raw.FieldConfigSource, "defaults"> & {
  defaults: Omit<raw.FieldConfig, "custom"> & { custom?: Custom };
};
type Of<Type extends string, Options, Custom> = Omit<
  raw.Panel,
  "type" | "options" | "fieldConfig" | "targets"
> & {
  type: Type;
  id: number;
  title: string;
  gridPos: raw.GridPos;
  options: Options;
  fieldConfig: Fields<Custom>;
  targets: Target[];
};
type Graph = Of<"timeseries", timeseries.Options, Partial<timeseries.FieldConfig>>;
type Stat = Of<"stat", stat.Options, Record<string, never>>;
export type Board = Omit<raw.Dashboard, "panels"> & {
  uid: string;
  title: string;
  panels: (Graph | Stat | raw.RowPanel)[];
};
