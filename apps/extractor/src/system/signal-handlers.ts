/** The signals that stop a process, with their numbers. A terminal that is closed sends SIGHUP. */
export const STOP_SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

export type StopSignal = keyof typeof STOP_SIGNALS;

const names = Object.keys(STOP_SIGNALS) as readonly StopSignal[];

/** As a shell reports a process that a signal ended. */
export const exitBy = (name: StopSignal): never => process.exit(128 + STOP_SIGNALS[name]);

/** Nothing is begun: to stop is to end. */
const stopEarly = (): never => process.exit(0);

/** Answers stop signals before there is anything to stop, until {@link endEarly}. */
export const listenEarly = (): void => {
  for (const name of names) process.on(name, stopEarly);
};

export const endEarly = (): void => {
  for (const name of names) process.off(name, stopEarly);
};

/**
 * Answers stop signals when the work is over and the process about to end with the status that it earned: the first one finds nothing
 * to stop, a second one ends it at once.
 */
export const listenLate = (): void => {
  let isFirst = true;
  for (const name of names) {
    process.on(name, () => {
      if (!isFirst) exitBy(name);
      isFirst = false;
    });
  }
};
