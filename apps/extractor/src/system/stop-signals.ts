import { endEarly, exitBy, listenLate, STOP_SIGNALS, type StopSignal } from './signal-handlers.js';

/** Why a run was stopped: the reason of the abort signal that a person's or a system's stop raises. */
export class StopRequested extends Error {
  override readonly name = 'StopRequested';

  constructor(readonly by: StopReason) {
    super(`Stopped by ${by}`);
  }
}

/** `SIGPIPE` stands for a log whose reader has gone; Node turns the signal into an error of the write. */
export type StopReason = StopSignal | 'SIGPIPE';

/** The process's stop signals as an abort signal. */
export interface StopSignals extends Disposable {
  /** Aborts with {@link StopRequested} at the first SIGTERM, SIGINT or SIGHUP. */
  readonly signal: AbortSignal;
  /** Asks for the same without a signal. */
  readonly request: (reason: StopReason) => void;
}

/**
 * Listens for SIGTERM, SIGINT and SIGHUP: the first asks for a graceful stop, the second ends the process at once
 * (with 128 + the signal's number, as a shell reports it). Listening is also what makes them work for process 1 of a container, which
 * the kernel spares signals that it has no listener for.
 */
export const listenForStop = (onStop: (reason: StopReason) => void): StopSignals => {
  const controller = new AbortController();
  const request = (reason: StopReason): void => {
    if (controller.signal.aborted) return;
    controller.abort(new StopRequested(reason));
    onStop(reason);
  };
  const handle = (name: NodeJS.Signals): void => {
    const stopSignal = name as StopSignal;
    if (controller.signal.aborted) exitBy(stopSignal);
    request(stopSignal);
  };
  for (const name of Object.keys(STOP_SIGNALS)) process.on(name, handle);
  endEarly();
  return {
    signal: controller.signal,
    request,
    [Symbol.dispose]: () => {
      listenLate();
      for (const name of Object.keys(STOP_SIGNALS)) process.off(name, handle);
    },
  };
};
