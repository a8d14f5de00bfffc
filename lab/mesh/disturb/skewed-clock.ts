/**
 * Loaded by `--require` before a service: every `new Date()` and `Date.now()` of its own code and its packages is off
 * by `SYMPHONY_CLOCK_SKEW_MS`. Timers, `performance.now()` and the clock of Postgres are left alone.
 */
const skewMs = Number(process.env.SYMPHONY_CLOCK_SKEW_MS ?? 0);
const RealDate = Date;
const now = (): number => RealDate.now() + skewMs;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args: unknown[], newTarget): object =>
    Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as object,
  apply: () => new RealDate(now()).toString(),
  get: (target, name): unknown => (name === "now" ? now : Reflect.get(target, name)),
});
