/** Something that takes time to open, and may end by itself. */
export type Ending = { readonly ended: boolean; stop(): void };

/** Things by name that are opened once, opened again where they ended, and stopped together. */
export type Kept<T extends Ending> = {
  get(name: string, open: () => Promise<T>): Promise<T>;
  /** Stops those whose name matches; all without an argument. */
  stop(matches?: (name: string) => boolean): void;
};

/** A place for them. Those who ask at the same time get the same one. */
export function keep<T extends Ending>(): Kept<T> {
  const kept = new Map<string, Promise<T>>();
  async function get(name: string, open: () => Promise<T>): Promise<T> {
    const existing = kept.get(name);
    if (existing === undefined) {
      const fresh = open();
      kept.set(name, fresh);
      return fresh;
    }
    const found = await existing.catch(() => undefined);
    if (found?.ended === false) return found;
    // The first of those who saw it ended opens it anew.
    if (kept.get(name) === existing) kept.delete(name);
    return get(name, open);
  }
  return {
    get,
    stop(matches = () => true) {
      for (const [name, entry] of kept) {
        if (!matches(name)) continue;
        kept.delete(name);
        entry.then(
          (found) => found.stop(),
          () => undefined,
        );
      }
    },
  };
}
