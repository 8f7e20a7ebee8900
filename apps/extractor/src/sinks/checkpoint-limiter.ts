export interface CheckpointLimiterOptions {
  /** Records that may have been sent without being saved in the state marker. */
  readonly maxUnsaved: number;
  /** Records that are in the state marker already. */
  readonly resumeAfter: number;
  /** Returns the last record that was sent or omitted. */
  readonly reached: () => number;
  /** Resolves when everything that was sent is confirmed. */
  readonly flush: () => Promise<void>;
  /** Makes it durable that records 1 to `confirmed` are confirmed. */
  readonly save: (confirmed: number) => Promise<void>;
}

/** Limits the records that are sent again after a crash: those that were sent and are not in the state marker. */
export interface CheckpointLimiter {
  /** Counts a record that was sent. Returns `undefined` if another may follow, else a promise to await first. */
  recordSent(): Promise<void> | undefined;
  /** Confirms and saves everything up to the last record that was sent or omitted. */
  checkpoint(): Promise<void>;
}

/**
 * Makes a checkpoint when the limit is reached, and lets nothing be sent meanwhile: its requests to the broker would wait
 * for all messages that go before them. So the broker always has many messages to work on at a time, which quorum queues
 * need to be fast, and is idle between two times for a few round trips only.
 */
export const createCheckpointLimiter = (options: CheckpointLimiterOptions): CheckpointLimiter => {
  const { maxUnsaved, resumeAfter, reached, flush, save } = options;
  /** Records that were sent since the last checkpoint. */
  let unsaved = 0;
  let savedRecord = resumeAfter;
  const checkpoint = async (): Promise<void> => {
    const record = reached();
    if (savedRecord === record) return;
    await flush();
    await save(record);
    savedRecord = record;
    unsaved = 0;
  };
  return {
    recordSent: () => {
      unsaved++;
      return unsaved >= maxUnsaved ? checkpoint() : undefined;
    },
    checkpoint,
  };
};
