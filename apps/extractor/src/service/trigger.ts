import { sleepUntil } from '../system/sleep-until.js';

/** Why the wait for the next run ended: it is due, or `POST /trigger` requested it. */
export type Wake = { readonly by: 'time' } | { readonly by: 'trigger'; readonly forceReprocess: boolean };

/** Requests a run while none is in progress. */
export interface Trigger {
  /** Ends the wait. Returns `false` if there is none, because a run is in progress or the service is stopping. */
  request(options: { readonly forceReprocess: boolean }): boolean;
  /** Waits for the time, or for a request. Rejects with the signal's reason. */
  wait(until: Date, signal: AbortSignal): Promise<Wake>;
}

export const createTrigger = (): Trigger => {
  let wake: ((wake: Wake) => void) | undefined;
  return {
    request: ({ forceReprocess }) => {
      if (!wake) return false;
      wake({ by: 'trigger', forceReprocess });
      // A second request before the run has begun returns `false`.
      wake = undefined;
      return true;
    },
    wait: async (until, signal) => {
      const sleep = new AbortController();
      const woken = new Promise<Wake>((resolve) => {
        wake = resolve;
      });
      const stop = (): void => {
        wake = undefined;
      };
      signal.addEventListener('abort', stop, { once: true });
      try {
        return await Promise.race([
          woken,
          sleepUntil(until, AbortSignal.any([signal, sleep.signal])).then((): Wake => ({ by: 'time' })),
        ]);
      } finally {
        stop();
        signal.removeEventListener('abort', stop);
        sleep.abort();
      }
    },
  };
};
