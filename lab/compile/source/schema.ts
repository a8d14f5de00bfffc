import { readFileSync } from "node:fs";
import { join } from "node:path";

import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";

import { projectRoot } from "../../../lib/paths";
import { type Path, type SourceDocument } from "./document";
import { type Kind, schemaName } from "./kinds";

type Schemas = { definitions: Record<string, object> };

let ajv: Ajv | undefined;
const validators = new Map<Kind, ValidateFunction>();

/** Compiling a schema takes longer than all the rest of a compilation, so it is done once and kept. */
function validatorOf(kind: Kind): ValidateFunction {
  const known = validators.get(kind);
  if (known !== undefined) return known;
  if (ajv === undefined) {
    const file = join(projectRoot, "k8s", "schemas", "schema.json");
    ajv = new Ajv({ allErrors: true, verbose: true, strict: false, addUsedSchema: false });
    ajv.addSchema(JSON.parse(readFileSync(file, "utf8")) as Schemas, "kinds");
  }
  const reference = schemaName(kind).replaceAll("/", "~1");
  const validate = ajv.compile({ $ref: `kinds#/definitions/${reference}` });
  validators.set(kind, validate);
  return validate;
}

/** Holds an object against the schema of its CRD, closed: a field that the API server would drop is refused. */
export function checkSchema(document: SourceDocument, kind: Kind): boolean {
  const validate = validatorOf(kind);
  if (validate(document.content)) return true;
  for (const error of validate.errors ?? []) {
    const path = pathOf(error);
    document.refuse(path, describe(error));
  }
  return false;
}

function pathOf({ instancePath, keyword, params }: ErrorObject): Path {
  const path = instancePath
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  const extra: unknown = params.additionalProperty;
  return keyword === "additionalProperties" && typeof extra === "string" ? [...path, extra] : path;
}

const list = (values: unknown[]): string => values.map(String).join(", ");

function describe({ keyword, params, parentSchema, data, message }: ErrorObject): string {
  switch (keyword) {
    case "additionalProperties":
      return `unknown field; allowed here: ${list(Object.keys((parentSchema?.properties ?? {}) as object).sort())}`;
    case "enum":
      return `${JSON.stringify(data)} is none of: ${list(params.allowedValues as unknown[])}`;
    case "required":
      return `${String(params.missingProperty)} is missing`;
    case "type":
      return `${JSON.stringify(data)} is no ${list([params.type].flat())}${hintFor(params.type, data)}`;
    default:
      return message ?? keyword;
  }
}

/** The schema does not tell durations, of which the unit is often forgotten, from other text. */
function hintFor(wanted: unknown, data: unknown): string {
  if (wanted !== "string" || typeof data !== "number") return "";
  return `; write ${String(data)}s for seconds where it is a duration, and "${String(data)}" where it is not`;
}
