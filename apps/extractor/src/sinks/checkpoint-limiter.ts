export interface CheckpointLimiterOptions {
  /** Messages that may have been sent without being saved in the state marker. */
  readonly maxUnsaved: number;
  /** Returns whether everything that was sent or omitted is saved. */
  readonly isSaved: () => boolean;
  /** Resolves with the number of messages that are verified: at least these, or all that were sent. */
  readonly flush: (upTo: number | undefined) => Promise<number>;
  /** Makes it durable what is verified. */
  readonly save: () => Promise<void>;
}

/** Limits the messages that are sent again after a crash: those that were sent and are not in the state marker. */
export interface CheckpointLimiter {
  /** Counts a message that was sent. Returns `undefined` if another may follow, else a promise to await first. */
  messageSent(): Promise<void> | undefined;
  /** Confirms and saves everything that was sent or omitted. */
  checkpoint(): Promise<void>;
  /** Confirms and saves some of it, while the rest stays in flight. */
  advance(): Promise<void>;
}

/**
 * The share of the limit that a checkpoint saves at least. With smaller checkpoints there would be more of them, and with
 * larger ones fewer messages could be in flight.
 */
const MIN_SHARE = 1 / 4;

/**
 * Makes checkpoints while messages are sent: each saves what is confirmed by the time that it begins. The sender waits
 * only if the messages in flight and those that the checkpoint is about are as many as the limit allows.
 */
export const createCheckpointLimiter = (options: CheckpointLimiterOptions): CheckpointLimiter => {
  const { maxUnsaved, isSaved, flush, save } = options;
  const minShare = Math.max(1, Math.floor(maxUnsaved * MIN_SHARE));
  let sent = 0;
  let saved = 0;
  let inProgress: Promise<void> | undefined;
  let failure: { readonly error: unknown } | undefined;

  const run = async (upTo: number | undefined): Promise<void> => {
    const verified = await flush(upTo);
    await save();
    saved = verified;
  };
  const start = (upTo?: number): Promise<void> => {
    const started = run(upTo).finally(() => {
      inProgress = undefined;
    });
    // If no sender waits for it, the next call of `messageSent` reports the failure.
    started.catch((error: unknown) => {
      failure = { error };
    });
    inProgress = started;
    return started;
  };
  /** Starts a checkpoint of some messages, the rest of which stay in flight. */
  const startShare = (): Promise<void> => start(Math.min(saved + minShare, sent));
  const belowLimit = async (): Promise<void> => {
    while (sent - saved >= maxUnsaved) await (inProgress ?? startShare());
  };

  return {
    messageSent: () => {
      sent++;
      if (failure) return Promise.reject(failure.error);
      if (!inProgress && sent - saved >= minShare) startShare();
      return sent - saved >= maxUnsaved ? belowLimit() : undefined;
    },
    advance: () => inProgress ?? startShare(),
    checkpoint: async () => {
      await inProgress;
      if (!isSaved()) await start();
    },
  };
};
