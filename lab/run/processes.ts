import { LogFile } from "./log-files";
import type { Progress } from "./progress";
import { identify, type ProcessState } from "./state";
import { Supervised, type SupervisedSpec } from "./supervised";
import type { Instance } from "./topology";

export type ProcessKind = ProcessState["kind"];
/** What a process is to the others; `url` is where people look at it. */
export type Role = { kind: ProcessKind; instance?: Instance; url?: string };

type Entry = Role & { process: Supervised };

/** In which order kinds stop: whoever needs another one stops before it. */
const stopTurn: Record<ProcessKind, number> = {
  service: 0,
  sidecar: 1,
  nats: 2,
  postgres: 2,
  // Last, for the spans that the others send when they stop.
  telemetry: 3,
};

/** The processes of one system, with a log each. `changed` is called whenever one of them changes its state. */
export class Processes {
  private readonly entries: Entry[] = [];
  private readonly rotation: NodeJS.Timeout;

  constructor(
    private readonly options: {
      state: string;
      progress: Progress;
      signal?: AbortSignal;
      niceness?: number | undefined;
      changed(): void;
    },
  ) {
    this.rotation = setInterval(() => {
      for (const { process } of this.entries) process.log.rotate();
    }, 5000).unref();
  }

  get all(): Supervised[] {
    return this.entries.map((entry) => entry.process);
  }

  find(name: string): Supervised | undefined {
    return this.entries.find((entry) => entry.process.name === name)?.process;
  }

  /** The processes of services, with what each of them is. */
  get instances(): { instance: Instance; process: Supervised }[] {
    return this.entries.flatMap(({ instance, process }) =>
      instance === undefined ? [] : [{ instance, process }],
    );
  }

  /** Starts a process, watches over it from now on, and resolves once it is ready. */
  async run(spec: SupervisedSpec, role: Role): Promise<Supervised> {
    const { options } = this;
    options.signal?.throwIfAborted();
    const end = options.progress.begin(spec.name);
    const process = new Supervised(spec, new LogFile(options.state, spec.name), {
      say: (line) => {
        options.progress.say(line);
      },
      changed: () => {
        options.changed();
      },
      niceness: options.niceness,
    });
    this.entries.push({ process, ...role });
    await process.start();
    end(role.url);
    return process;
  }

  /** Stops one and forgets it. */
  async retire(name: string): Promise<void> {
    const index = this.entries.findIndex((entry) => entry.process.name === name);
    const [entry] = index === -1 ? [] : this.entries.splice(index, 1);
    await entry?.process.stop();
    entry?.process.log.close();
    this.options.changed();
  }

  /** Stops everything in order. Safe to call twice. */
  async stop(): Promise<void> {
    const turns = [...new Set(Object.values(stopTurn))].sort((a, b) => a - b);
    for (const turn of turns)
      await Promise.all(
        this.entries.filter(({ kind }) => stopTurn[kind] === turn).map(({ process }) => process.stop()),
      );
  }

  killNow(): void {
    for (const { process } of this.entries) process.killNow();
  }

  forget(): void {
    clearInterval(this.rotation);
    for (const { process } of this.entries.splice(0)) process.log.close();
  }

  /** For the state file. */
  describe(): ProcessState[] {
    return this.entries.map(({ process, kind, instance, url }) => ({
      name: process.name,
      kind,
      ...(process.pid === undefined ? {} : identify(process.pid)),
      ...(instance && { service: instance.service, address: instance.http }),
      ...(url !== undefined && { url }),
      status: process.status,
      restarts: process.restarts,
      since: process.since.toISOString(),
    }));
  }
}
