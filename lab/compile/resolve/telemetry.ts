import { type Identity } from "../model/common";
import { type Telemetry } from "../model/extensions";
import { type MeshSettings } from "../model/mesh";
import { type Field } from "../source/field";
import { readSelector } from "./selector";

/** Reads a Telemetry: whose spans are sent where, and how many of them. */
export function readTelemetry(identity: Identity, spec: Field, settings: MeshSettings): Telemetry {
  const [tracing, ...more] = spec.list("tracing");
  for (const field of more) field.refuse("one entry is supported; put what it says into the first");
  return { ...identity, selector: readSelector(spec), tracing: tracing && readTracing(tracing, settings) };
}

function readTracing(field: Field, settings: MeshSettings): NonNullable<Telemetry["tracing"]> {
  const mode = field.get("match")?.text("mode") ?? "CLIENT_AND_SERVER";
  if (mode !== "CLIENT_AND_SERVER")
    field.get("match")?.refuse("only CLIENT_AND_SERVER is supported on a laptop");
  const providers = field.list("providers").map((provider) => {
    const name = provider.text("name") ?? "";
    const known = [...settings.tracingProviders.keys()];
    if (!known.includes(name))
      provider.refuse(
        `no provider "${name}" in meshConfig.extensionProviders; there are: ${known.join(", ")}`,
      );
    return name;
  });
  if (providers.length > 1) field.get("providers")?.refuse("Envoy sends spans to one provider");
  return {
    providers,
    disabled: field.flag("disableSpanReporting"),
    randomSamplingPercentage: field.within("randomSamplingPercentage", [0, 100]),
    customTags: Object.fromEntries(field.entries("customTags").map(([name, tag]) => [name, readTag(tag)])),
  };
}

function readTag(field: Field): { literal: string } | { header: string; defaultValue: string | undefined } {
  const header = field.get("header");
  if (header !== undefined)
    return { header: header.text("name") ?? "", defaultValue: header.text("defaultValue") };
  if (!field.has("literal")) field.refuse("give literal or header");
  return { literal: field.get("literal")?.text("value") ?? "" };
}
