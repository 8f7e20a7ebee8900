export interface RepeatBoundOptions {
  /** Records that may be sent and not yet be in the marker. */
  readonly limit: number;
  /** Records that are in the marker already. */
  readonly after: number;
  /** Resolves when all that was sent so far is confirmed. */
  readonly settle: () => Promise<void>;
  /** Makes it durable that records 1 to `confirmed` are confirmed. */
  readonly save: (confirmed: number) => Promise<void>;
}

/** Bounds what is sent twice when the process dies: what was sent and is not in the marker. */
export interface RepeatBound {
  /** Counts a record that was sent. Answers `undefined` while another may follow, else a promise to await. */
  sent(): Promise<void> | undefined;
  /** Brings the marker up to the last record that was sent. */
  settle(): Promise<void>;
}

/**
 * When half of the limit is used, all that was sent by then is settled and saved while the other half goes out, so that the sender
 * waits only where both together take longer than sending does.
 */
export const createRepeatBound = ({ limit, after, settle, save }: RepeatBoundOptions): RepeatBound => {
  let sent = after;
  let saved = after;
  let turn: Promise<void> | undefined;
  let failure: { readonly error: unknown } | undefined;

  const run = async (): Promise<void> => {
    const target = sent;
    await settle();
    await save(target);
    saved = target;
  };
  const start = (): Promise<void> => {
    const started = run().finally(() => {
      turn = undefined;
    });
    // Nobody may be waiting for it: the next record is told.
    started.catch((error: unknown) => {
      failure = { error };
    });
    turn = started;
    return started;
  };
  const room = async (): Promise<void> => {
    while (sent - saved >= limit) await (turn ?? start());
  };

  return {
    sent: () => {
      sent++;
      if (failure) return Promise.reject(failure.error);
      if (!turn && sent - saved >= limit / 2) start();
      return sent - saved >= limit ? room() : undefined;
    },
    settle: async () => {
      await turn;
      if (saved < sent) await start();
    },
  };
};
