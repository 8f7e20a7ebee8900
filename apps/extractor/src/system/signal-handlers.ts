/** The signals that stop a process, with their numbers. A terminal that is closed sends SIGHUP. */
const STOP_SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

const SIGPIPE = 13;

export type StopSignal = keyof typeof STOP_SIGNALS;

/** `SIGPIPE` stands for a log whose reader has gone; Node turns the signal into an error of the write. */
export type StopReason = StopSignal | 'SIGPIPE';

/** The reason of the abort signal when a person or the system stops a run. */
export class StopRequested extends Error {
  override readonly name = 'StopRequested';

  constructor(readonly by: StopReason) {
    super(`Stopped by ${by}`);
  }
}

/** The process's stop signals as an abort signal. Disposing of it installs the shutdown handlers. */
export interface StopHandlers extends Disposable {
  /** Aborts with {@link StopRequested} at the first SIGTERM, SIGINT or SIGHUP. */
  readonly signal: AbortSignal;
  /** Requests the same stop without a signal. */
  readonly request: (reason: StopReason) => void;
}

const names = Object.keys(STOP_SIGNALS) as readonly StopSignal[];

/** 128 + the signal's number, as a shell reports a process that a signal ended. */
const signalStatus = (name: StopSignal): number => 128 + STOP_SIGNALS[name];

const exitWithSignal = (name: StopSignal): never => process.exit(signalStatus(name));

/** The exit status of a command that a signal stopped before its output was complete. */
export const exitStatusOfStop = ({ by }: StopRequested): number =>
  by === 'SIGPIPE' ? 128 + SIGPIPE : signalStatus(by);

const exitAtStartup = (): never => process.exit(0);

/** For the time before {@link installStopHandlers}: nothing has started yet, so a stop signal exits immediately. */
export const installStartupHandlers = (): void => {
  for (const name of names) process.on(name, exitAtStartup);
};

const removeStartupHandlers = (): void => {
  for (const name of names) process.off(name, exitAtStartup);
};

/**
 * For the time of the work: the first SIGTERM, SIGINT or SIGHUP requests a graceful stop, the second ends the process
 * at once. The handlers also make the signals work for process 1 of a container, to which the kernel does not deliver
 * signals without a handler.
 */
export const installStopHandlers = (onStop: (reason: StopReason) => void): StopHandlers => {
  const controller = new AbortController();
  const request = (reason: StopReason): void => {
    if (controller.signal.aborted) return;
    controller.abort(new StopRequested(reason));
    onStop(reason);
  };
  const handle = (name: NodeJS.Signals): void => {
    const stopSignal = name as StopSignal;
    if (controller.signal.aborted) exitWithSignal(stopSignal);
    request(stopSignal);
  };
  for (const name of names) process.on(name, handle);
  removeStartupHandlers();
  return {
    signal: controller.signal,
    request,
    [Symbol.dispose]: () => {
      installShutdownHandlers();
      for (const name of names) process.off(name, handle);
    },
  };
};

/**
 * For the time after the work, when the process is about to end with its exit status: the first signal has nothing left
 * to stop and is ignored, the second ends the process at once.
 */
const installShutdownHandlers = (): void => {
  let isFirst = true;
  for (const name of names) {
    process.on(name, () => {
      if (!isFirst) exitWithSignal(name);
      isFirst = false;
    });
  }
};
