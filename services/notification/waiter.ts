export type Waiter = {
  /** Resolves after `ms`, at the next wake where it is `wakeable`, or once the waiter has ended. */
  wait(ms: number, options: { wakeable: boolean }): Promise<void>;
  /** A wake while nobody waits is kept for the next wakeable wait. */
  wake(): void;
  /** Ends the present wait and every later one at once. */
  end(): void;
};

/** The pauses of a loop that something may wake. One caller waits at a time. */
export function createWaiter(): Waiter {
  let woken = false;
  let ended = false;
  let wakeUp: (() => void) | undefined;
  let finish: (() => void) | undefined;
  return {
    wait: async (ms, { wakeable }) => {
      if (ended) return;
      if (wakeable && woken) {
        woken = false;
        return;
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        finish = () => {
          clearTimeout(timer);
          resolve();
        };
        if (wakeable) wakeUp = finish;
      });
      finish = wakeUp = undefined;
      if (wakeable) woken = false;
    },
    wake: () => {
      woken = true;
      wakeUp?.();
    },
    end: () => {
      ended = true;
      finish?.();
    },
  };
}
