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
 * Starts a checkpoint when half of the limit is used: it runs while the other half is sent, so that the sender waits
 * only if the checkpoint takes longer than sending does.
 */
export const createCheckpointLimiter = (options: CheckpointLimiterOptions): CheckpointLimiter => {
  const { maxUnsaved, resumeAfter, reached, flush, save } = options;
  /** Records that were sent, and those of them that are saved. */
  let sent = 0;
  let saved = 0;
  let savedRecord = resumeAfter;
  let inProgress: Promise<void> | undefined;
  let failure: { readonly error: unknown } | undefined;

  const run = async (): Promise<void> => {
    const target = sent;
    const record = reached();
    await flush();
    await save(record);
    saved = target;
    savedRecord = record;
  };
  const start = (): Promise<void> => {
    const started = run().finally(() => {
      inProgress = undefined;
    });
    // If no sender waits for it, the next call of `recordSent` reports the failure.
    started.catch((error: unknown) => {
      failure = { error };
    });
    inProgress = started;
    return started;
  };
  const belowLimit = async (): Promise<void> => {
    while (sent - saved >= maxUnsaved) await (inProgress ?? start());
  };

  return {
    recordSent: () => {
      sent++;
      if (failure) return Promise.reject(failure.error);
      if (!inProgress && sent - saved >= maxUnsaved / 2) start();
      return sent - saved >= maxUnsaved ? belowLimit() : undefined;
    },
    checkpoint: async () => {
      await inProgress;
      if (savedRecord < reached()) await start();
    },
  };
};
