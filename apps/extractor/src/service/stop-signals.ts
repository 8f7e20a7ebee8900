/** Why a run was stopped: the reason of the abort signal that a person's or a system's stop raises. */
export class StopRequested extends Error {
  override readonly name = 'StopRequested';

  constructor(readonly signalName: NodeJS.Signals) {
    super(`Stopped by ${signalName}`);
  }
}

const SIGNAL_NUMBERS = { SIGINT: 2, SIGTERM: 15 } as const;
type StopSignal = keyof typeof SIGNAL_NUMBERS;

/** The process's stop signals as an abort signal. */
export interface StopSignals extends Disposable {
  /** Aborts with {@link StopRequested} at the first SIGTERM or SIGINT. */
  readonly signal: AbortSignal;
}

/**
 * Listens for SIGTERM and SIGINT: the first asks for a graceful stop, the second ends the process at once
 * (with 128 + the signal's number, as a shell reports it).
 */
export const listenForStop = (onStop: (name: StopSignal) => void): StopSignals => {
  const controller = new AbortController();
  const handle = (name: NodeJS.Signals): void => {
    const stopSignal = name as StopSignal;
    if (controller.signal.aborted) process.exit(128 + SIGNAL_NUMBERS[stopSignal]);
    onStop(stopSignal);
    controller.abort(new StopRequested(name));
  };
  for (const name of Object.keys(SIGNAL_NUMBERS)) process.on(name, handle);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const name of Object.keys(SIGNAL_NUMBERS)) process.off(name, handle);
    },
  };
};
