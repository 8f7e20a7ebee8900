import type { DeliveryStatus } from '../sinks/delivery-status.js';
import type { StatusBoard } from '../status/status-board.js';

/** What the HTTP answers are made from. */
export interface ServiceView {
  readonly board: Pick<StatusBoard, 'state' | 'throughput' | 'watch'>;
  /** Version of this program. */
  readonly version: string;
  /** Name of the sink, and where its output lies. Never holds a credential. */
  readonly sink: { readonly name: string; readonly destination: string };
  /** How delivery stands; of sinks with a broker behind them. */
  readonly delivery: () => DeliveryStatus | undefined;
  /** Messages of a file that may be unconfirmed at once. */
  readonly windowLimit: number;
  /** Seconds between two checks; `undefined` where there is only one. */
  readonly periodSeconds: number | undefined;
}

/** The day of a dump's version, in milliseconds since 1970. */
export const dumpTime = (version: string): number =>
  Date.UTC(Number(version.slice(0, 4)), Number(version.slice(4, 6)) - 1, Number(version.slice(6, 8)));
