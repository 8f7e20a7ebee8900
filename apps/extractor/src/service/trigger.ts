import { sleepUntil } from '../system/sleep-until.js';

/** Why a wait for the next pass ended: its time had come, or someone asked for one now. */
export type Wake = { readonly by: 'time' } | { readonly by: 'trigger'; readonly forceReprocess: boolean };

/** Lets others ask for a pass while none is under way. */
export interface Trigger {
  /** Ends the wait under way. Answers `false`, and does nothing, where nobody waits: a pass is under way, or the service stops. */
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
      // Taken: another one that comes before the pass has begun is told that one is under way.
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
