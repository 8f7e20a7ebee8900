import type { Sink } from './sink.js';

/** Confirms every record and keeps none: for benchmarks, and for checking a dump. */
export const createNullSink = (): Sink => ({
  name: 'null',
  destination: 'nowhere',
  identify: async ({ dataTypes }) => new Map(dataTypes.map((type) => [type, { sink: 'null' }])),
  open: async (_target, { resumeAfter, signal }) => {
    let confirmed = resumeAfter;
    let lastConfirmedAt: Date | undefined;
    return {
      resumedAfter: resumeAfter,
      restartReason: undefined,
      checkpoint: {},
      missing: 0,
      get confirmed() {
        return confirmed;
      },
      get lastConfirmedAt() {
        return lastConfirmedAt;
      },
      write: async (block) => {
        signal.throwIfAborted();
        confirmed += block.count;
        block.release();
        lastConfirmedAt = new Date();
      },
      complete: async () => {
        signal.throwIfAborted();
        return {};
      },
      close: async () => {},
    };
  },
});
