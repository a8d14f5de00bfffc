import { bytesOf, type Span } from "./span";

/** Why a trace is kept: the first that holds. */
const classes = ["failed", "slow", "sampled", "recent"] as const;
type Class = (typeof classes)[number];

/** What of the memory each kind of trace may hold once it is full; within its share the oldest go first. */
const shares: Record<Class, number> = { failed: 0.35, slow: 0.25, sampled: 0.2, recent: 0.2 };

/** One in so many of the ordinary traces is of the sample. */
const sampleOf = 10;
const spansOfTrace = 2_000;
const keysOfTrace = 32;
/** Slow is beyond the 95th percentile of the last so many roots of the same name, once there are enough. */
const window = 200;
const enough = 40;
const namesLimit = 500;
const traceBytes = 1_000;
const keyBytes = 300;

type Trace = {
  id: string;
  spans: Span[];
  spanIds: Set<string>;
  keys: Set<string>;
  bytes: number;
  class: Class;
};

export type StoreStats = { traces: Record<Class, number>; spans: number; bytes: number; evicted: number };

/** The orders and conversations that a span belongs to. */
function keysOf({ attributes }: Span): string[] {
  return ["symphony.order.id", "symphony.correlation.id", "messaging.message.conversation_id"]
    .map((name) => attributes[name])
    .filter((value): value is string => typeof value === "string" && value !== "" && value.length <= 128);
}

const isStream = ({ attributes }: Span): boolean => "http.response.header.content-type" in attributes;

/** The durations of the last roots by name, to know which one is slow. */
function createPace() {
  const known = new Map<string, { last: number[]; next: number; slow: number }>();
  return (name: string, ms: number): boolean => {
    let pace = known.get(name);
    if (pace === undefined) {
      if (known.size >= namesLimit) return false;
      known.set(name, (pace = { last: [], next: 0, slow: Infinity }));
    }
    const isSlow = ms > pace.slow;
    pace.last[pace.next % window] = ms;
    pace.next += 1;
    if (pace.next % enough === 0)
      pace.slow = [...pace.last].sort((a, b) => a - b)[Math.floor(pace.last.length * 0.95)] ?? Infinity;
    return isSlow;
  };
}

/**
 * Keeps traces within `limitBytes` of memory: all of them while there is room, then the failed, the slow and a
 * sample of the rest, each within its share.
 */
export class TraceStore {
  private readonly traces = new Map<string, Trace>();
  /** In the order of arrival, so that the first one is the oldest. */
  private readonly byClass: Record<Class, Map<string, Trace>> = {
    failed: new Map(),
    slow: new Map(),
    sampled: new Map(),
    recent: new Map(),
  };
  private readonly bytesByClass: Record<Class, number> = { failed: 0, slow: 0, sampled: 0, recent: 0 };
  private readonly byKey = new Map<string, Set<string>>();
  private readonly isSlow = createPace();
  private evicted = 0;

  constructor(
    private readonly limitBytes: number,
    private readonly drop: (reason: string, count?: number) => void = () => undefined,
  ) {}

  /** Adds a span to its trace; one that is there already, sent twice, is left out. */
  add(span: Span): void {
    const trace = this.traces.get(span.traceId) ?? this.open(span.traceId);
    if (trace.spanIds.has(span.spanId)) return this.drop("duplicate_span");
    if (trace.spans.length >= spansOfTrace) return this.drop("too_many_spans");
    trace.spans.push(span);
    trace.spanIds.add(span.spanId);
    let bytes = bytesOf(span);
    for (const key of keysOf(span)) bytes += this.index(trace, key);
    this.grow(trace, bytes);
    this.classify(trace, span);
    while (this.bytes > this.limitBytes) this.evict();
  }

  get bytes(): number {
    return classes.reduce((sum, name) => sum + this.bytesByClass[name], 0);
  }

  /** The spans of the trace with this id, or of those of an order or a conversation, each trace by time. */
  find(id: string): Span[][] {
    const ids = this.traces.has(id) ? [id] : [...(this.byKey.get(id) ?? [])];
    return ids
      .map((one) => [...(this.traces.get(one)?.spans ?? [])].sort((a, b) => a.startMs - b.startMs))
      .filter((spans) => spans.length > 0);
  }

  /** The newest traces, at most `limit`, the one that began last first. */
  newest(limit: number): readonly Span[][] {
    return [...this.traces.values()]
      .slice(-limit)
      .reverse()
      .map(({ spans }) => spans);
  }

  stats(): StoreStats {
    const count = (name: Class): number => this.byClass[name].size;
    let spans = 0;
    for (const trace of this.traces.values()) spans += trace.spans.length;
    return {
      traces: {
        failed: count("failed"),
        slow: count("slow"),
        sampled: count("sampled"),
        recent: count("recent"),
      },
      spans,
      bytes: this.bytes,
      evicted: this.evicted,
    };
  }

  private open(id: string): Trace {
    const sampled = Number.parseInt(id.slice(-6), 16) % sampleOf === 0;
    const trace: Trace = {
      id,
      spans: [],
      spanIds: new Set(),
      keys: new Set(),
      bytes: 0,
      class: sampled ? "sampled" : "recent",
    };
    this.traces.set(id, trace);
    this.byClass[trace.class].set(id, trace);
    this.grow(trace, traceBytes);
    return trace;
  }

  private grow(trace: Trace, bytes: number): void {
    trace.bytes += bytes;
    this.bytesByClass[trace.class] += bytes;
  }

  private index(trace: Trace, key: string): number {
    if (trace.keys.has(key) || trace.keys.size >= keysOfTrace) return 0;
    trace.keys.add(key);
    const ids = this.byKey.get(key);
    if (ids === undefined) this.byKey.set(key, new Set([trace.id]));
    else ids.add(trace.id);
    return keyBytes + 2 * key.length;
  }

  private classify(trace: Trace, span: Span): void {
    const isRoot = span.parentId === undefined && !isStream(span);
    const slow = isRoot && this.isSlow(span.name, span.durationMs);
    const wanted: Class = span.failed ? "failed" : slow ? "slow" : trace.class;
    if (classes.indexOf(wanted) >= classes.indexOf(trace.class)) return;
    this.byClass[trace.class].delete(trace.id);
    this.bytesByClass[trace.class] -= trace.bytes;
    trace.class = wanted;
    this.byClass[wanted].set(trace.id, trace);
    this.bytesByClass[wanted] += trace.bytes;
  }

  /** Forgets the oldest trace of the class that is furthest over its share. */
  private evict(): void {
    const over = (name: Class): number => this.bytesByClass[name] / shares[name];
    const [name = "recent"] = [...classes].sort((a, b) => over(b) - over(a));
    const [oldest] = this.byClass[name].values();
    if (oldest === undefined) return;
    this.byClass[name].delete(oldest.id);
    this.bytesByClass[name] -= oldest.bytes;
    this.traces.delete(oldest.id);
    this.evicted += 1;
    for (const key of oldest.keys) {
      const ids = this.byKey.get(key);
      ids?.delete(oldest.id);
      if (ids?.size === 0) this.byKey.delete(key);
    }
  }
}
