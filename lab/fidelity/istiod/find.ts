import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

import { environmentFailure } from "../../run/failure";

type Environment = Record<string, string | undefined>;

/** Where istiod is: `ISTIOD_BIN`, or pilot-discovery on the PATH. Fails with the fix where it is nowhere. */
export function findIstiod(environment: Environment): string {
  const { ISTIOD_BIN: given } = environment;
  const candidates =
    given !== undefined && given !== ""
      ? [given]
      : (environment.PATH ?? "").split(delimiter).map((folder) => join(folder, "pilot-discovery"));
  const found = candidates.find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw environmentFailure(
    "tools.istiod_missing",
    given ? `ISTIOD_BIN names ${given}, which does not exist` : "there is no pilot-discovery on the PATH",
    "set ISTIOD_BIN to the program of an Istio 1.29 or newer, or put a cluster's tools on the PATH",
  );
}
