import type { RunEvent } from './run-events.js';

/** Why a run begins: the process started, the period is over, the last run failed, or `POST /trigger` was called. */
export type RunCause = 'start' | 'period' | 'retry' | 'trigger';

/**
 * How a run ended. `skipped`: the dump was delivered before. `incomplete`: every file was delivered, except malformed
 * records or content outside records.
 */
export type RunOutcome = 'completed' | 'skipped' | 'incomplete' | 'failed' | 'stopped';

/** How a call of `POST /trigger` ended. */
export type TriggerResult = 'accepted' | 'running' | 'refused' | 'invalid';

/** What happens in the service, in its runs and between them. */
export type ServiceEvent =
  | RunEvent
  /** Another extractor works in the data folder; this one waits. `holder` is what is known about it, in words. */
  | { readonly type: 'standby'; readonly holder: string | undefined }
  | { readonly type: 'run-started'; readonly cause: RunCause }
  | {
      readonly type: 'run-ended';
      readonly outcome: RunOutcome;
      readonly seconds: number;
      /** The error that ended the run as a whole; the errors of files are in their own events. */
      readonly error?: unknown;
    }
  | { readonly type: 'run-scheduled'; readonly at: Date }
  | { readonly type: 'trigger-called'; readonly result: TriggerResult }
  | { readonly type: 'stopping' };

/** Receives the events. Must return quickly and not throw. */
export type ServiceListener = (event: ServiceEvent) => void;
