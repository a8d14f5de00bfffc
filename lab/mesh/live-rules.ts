import { describeError, Failure } from "../run/failure";
import { type RuleDiff, type RuleText } from "./control";
import { type Mesh } from "./mesh";
import { readSources, shownPath } from "./sources";
import { type FileWatch, watchFolder } from "./watch";
import { nameOf, type XdsFiles } from "./xds-files";

/** Rules that are changed while the mesh runs: by commands, and by saving a file of the base. */
export class LiveRules {
  /** What is wrong with the files on the disk, while the last good ones are in force. */
  problem: string | undefined;
  private watching: FileWatch | undefined;

  constructor(
    private readonly mesh: Mesh,
    /** Of the base. */
    private readonly folder: string,
    private readonly say: (line: string) => void,
  ) {}

  async apply({ path, text }: RuleText): Promise<{ changed: string[] }> {
    return this.mesh.change({ rules: (rules) => rules.apply({ path, text }) }).catch((error: unknown) => {
      if (!(error instanceof Failure) || error.code !== "mesh.refused") throw error;
      // Of an EnvoyFilter the place is known.
      if (error.message.startsWith(`${path}:`)) throw error;
      const { code, message, fix, exitCode } = error;
      throw new Failure(code, `${path}: ${message}`, { exitCode, ...(fix !== undefined && { fix }) });
    });
  }

  async remove({ text }: RuleText): Promise<{ changed: string[] }> {
    return this.mesh.change({ rules: (rules) => rules.remove(text) });
  }

  /** Applies a rule for a while: what it returns brings back what was in force before. */
  async cover(rule: RuleText): Promise<() => Promise<void>> {
    const before = this.mesh.rules.appliedWith(rule.text);
    await this.apply(rule);
    return async () => {
      await this.mesh.change({
        rules: (rules) => before.reduce((current, file) => current.apply(file), rules.uncover(rule.text)),
      });
    };
  }

  /** Takes the files of the base as they are now. */
  async reload(): Promise<{ changed: string[] }> {
    try {
      const base = readSources(shownPath(this.folder));
      const result = await this.mesh.change({ rules: (rules) => rules.replaceBase(base) });
      this.problem = undefined;
      return result;
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
      throw error;
    }
  }

  /** What applying would change, sidecar by sidecar. */
  async diff({ path, text }: RuleText): Promise<RuleDiff> {
    const previews = await this.mesh.preview({ rules: (rules) => rules.apply({ path, text }) });
    return previews.flatMap(({ name, before, after }) => compare(name, before, after));
  }

  /** Takes each saved file, from now on. A broken one is told and changes nothing. */
  watch(): void {
    const shown = shownPath(this.folder);
    this.watching = watchFolder(this.folder, () => {
      const startedAt = performance.now();
      this.reload().then(
        ({ changed }) => {
          const ms = Math.round(performance.now() - startedAt);
          this.say(
            changed.length === 0
              ? `${shown} was saved; nothing changes`
              : `${shown} was saved; in force in ${changed.join(", ")} after ${String(ms)} ms`,
          );
        },
        (error: unknown) => this.say(describeError(error)),
      );
    });
  }

  close(): void {
    this.watching?.close();
  }
}

function compare(sidecar: string, before: XdsFiles | undefined, after: XdsFiles): RuleDiff {
  const then = before === undefined ? new Map<string, string>() : resourcesOf(before);
  const now = resourcesOf(after);
  const diff: RuleDiff = [];
  for (const [resource, text] of now) {
    const old = then.get(resource);
    if (old !== text) diff.push({ sidecar, resource, change: old === undefined ? "new" : "changed" });
  }
  for (const resource of then.keys())
    if (!now.has(resource)) diff.push({ sidecar, resource, change: "gone" });
  return diff;
}

function resourcesOf({ clusters, listeners, routes }: XdsFiles): Map<string, string> {
  const entries: [string, string][] = [
    ...clusters.resources.map((entry): [string, string] => [
      `cluster ${nameOf(entry)}`,
      JSON.stringify(entry),
    ]),
    ...listeners.resources.map((entry): [string, string] => [
      `listener ${nameOf(entry)}`,
      JSON.stringify(entry),
    ]),
    ...[...routes].map(([name, { version }]): [string, string] => [`route ${name}`, version]),
  ];
  return new Map(entries);
}
