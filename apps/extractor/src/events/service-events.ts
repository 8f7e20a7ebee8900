import type { RunEvent } from './run-events.js';

/** Why a pass begins: the first one, the period is over, one that failed is tried again, someone asked for it. */
export type CheckCause = 'start' | 'period' | 'retry' | 'trigger';

/**
 * How a pass ended. `skipped`: the dump was delivered before. `incomplete`: every file was delivered, but for malformed records or
 * content outside of any record.
 */
export type CheckOutcome = 'completed' | 'skipped' | 'incomplete' | 'failed' | 'stopped';

/** How a call of `POST /trigger` ended. */
export type TriggerResult = 'accepted' | 'running' | 'refused' | 'invalid';

/** What happens in the service: what happens in its passes, and between them. */
export type ServiceEvent =
  | RunEvent
  | { readonly type: 'check-started'; readonly cause: CheckCause }
  | {
      readonly type: 'check-ended';
      readonly outcome: CheckOutcome;
      readonly seconds: number;
      /** What kept the pass as a whole from going on; files that failed have told of their errors themselves. */
      readonly error?: unknown;
    }
  | { readonly type: 'check-scheduled'; readonly at: Date }
  | { readonly type: 'trigger-called'; readonly result: TriggerResult }
  | { readonly type: 'stopping' };

/** Is told of it. Must not throw and must be quick. */
export type ServiceListener = (event: ServiceEvent) => void;
