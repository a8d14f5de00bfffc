import { type FSWatcher, readdirSync, statSync, watch } from "node:fs";
import { join } from "node:path";

const settleMs = 40;
const pollMs = 500;
/** So often an empty file is looked at again before it is taken as it is. */
const maxEmpty = 20;

export type FileWatch = { close(): void };

/**
 * Calls `changed` soon after a file of the folder was saved. Editors save in several steps, so it waits until they are
 * through. A slow look at the files' times stands behind the system's events, which some file systems do not send.
 */
export function watchFolder(folder: string, changed: () => void): FileWatch {
  let last = fingerprint(folder);
  let settling: NodeJS.Timeout | undefined;
  let emptySince = 0;
  const look = (): void => {
    clearTimeout(settling);
    settling = setTimeout(() => {
      const now = fingerprint(folder);
      if (now === last) return;
      // Some editors empty a file before they write it; without its rules for a moment everybody would be refused.
      if (/ 0$/m.test(now) && emptySince++ < maxEmpty) {
        look();
        return;
      }
      emptySince = 0;
      last = now;
      changed();
    }, settleMs);
  };
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(folder, look);
    watcher.on("error", () => watcher?.close());
  } catch {
    // Looking must do: no events here, or too many watchers.
  }
  const poll = setInterval(() => {
    if (fingerprint(folder) !== last) look();
  }, pollMs).unref();
  return {
    close() {
      clearInterval(poll);
      clearTimeout(settling);
      watcher?.close();
    },
  };
}

/** What tells that a file of the folder has changed: names, times and sizes. */
function fingerprint(folder: string): string {
  try {
    return readdirSync(folder)
      .filter((name) => /\.ya?ml$/.test(name))
      .map((name) => {
        const found = statSync(join(folder, name), { throwIfNoEntry: false });
        return `${name} ${String(found?.mtimeMs)} ${String(found?.size)}`;
      })
      .join("\n");
  } catch {
    return "";
  }
}
