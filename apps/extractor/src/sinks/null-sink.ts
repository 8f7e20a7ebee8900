import type { Contract } from '../config/contract-settings.js';
import { contractIn, type Sink } from './sink.js';

/** Confirms every record and keeps none: for benchmarks, and for checking a dump. */
export const createNullSink = (contract: Contract = 'topic'): Sink => ({
  name: 'null',
  destination: 'nowhere',
  identify: async ({ dataTypes }) => {
    const destination = { sink: 'null', ...contractIn(contract) };
    return new Map(dataTypes.map((type) => [type, destination]));
  },
  completeDump: async (_version, _message, signal) => signal.throwIfAborted(),
  open: async (_target, { resumeAfter, signal }) => {
    let confirmed = resumeAfter;
    let deleted = 0;
    let lastConfirmedAt: Date | undefined;
    return {
      resumedAfter: resumeAfter,
      restartReason: undefined,
      checkpoint: {},
      missing: 0,
      get confirmed() {
        return confirmed;
      },
      get deleted() {
        return deleted;
      },
      get lastConfirmedAt() {
        return lastConfirmedAt;
      },
      write: async (block) => {
        signal.throwIfAborted();
        confirmed = block.lastRecord;
        block.release();
        lastConfirmedAt = new Date();
      },
      delete: async (tombstones) => {
        signal.throwIfAborted();
        deleted += tombstones.length;
      },
      complete: async () => {
        signal.throwIfAborted();
        return {};
      },
      close: async () => {},
    };
  },
});
