import { readFileSync, rmSync } from "node:fs";

import { z } from "zod";

import { faultCounts } from "../target/fault-rate";
import { replaceFile } from "./xds-files";

const lease = z.object({
  name: z.string(),
  since: z.iso.datetime(),
  until: z.iso.datetime(),
  /** The replica that was labelled for it. */
  replica: z.string().optional(),
  /** The counters when it was applied, by replica. */
  before: z.record(z.string(), faultCounts),
});
/** A fault that is in force, and until when. */
export type Lease = z.infer<typeof lease>;

/** How long a fault stays where nobody says. */
export const defaultLeaseMs = 10 * 60_000;

/** Whole seconds until the lease ends; 0 once it has. */
export function secondsLeft({ until }: Pick<Lease, "until">, now: number = Date.now()): number {
  return Math.max(Math.ceil((Date.parse(until) - now) / 1000), 0);
}

/** Leases in a file, so that whoever comes after a crash knows what was broken on purpose. */
export class LeaseFile {
  private leases: Lease[] = [];

  constructor(private readonly path: string) {}

  get all(): readonly Lease[] {
    return this.leases;
  }

  /** What a run that died left in force, oldest first. */
  static read(path: string): Lease[] {
    try {
      return z.array(lease).parse(JSON.parse(readFileSync(path, "utf8")));
    } catch {
      return [];
    }
  }

  async add(added: Lease): Promise<void> {
    await this.write([...this.leases.filter(({ name }) => name !== added.name), added]);
  }

  async remove(name: string): Promise<Lease | undefined> {
    const found = this.leases.find((entry) => entry.name === name);
    if (found !== undefined) await this.write(this.leases.filter((entry) => entry !== found));
    return found;
  }

  /** Everything is healed. */
  clear(): void {
    this.leases = [];
    rmSync(this.path, { force: true });
  }

  private async write(leases: Lease[]): Promise<void> {
    this.leases = leases;
    await replaceFile(this.path, JSON.stringify(leases, null, 2));
  }
}
