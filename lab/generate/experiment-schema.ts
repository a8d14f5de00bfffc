import { experimentJsonSchema } from "../experiments/schema";

/** lab/experiments/experiment.schema.json: what editors check experiment files with. */
export function experimentSchemaText(): string {
  return `${JSON.stringify(experimentJsonSchema(), null, 2)}\n`;
}
