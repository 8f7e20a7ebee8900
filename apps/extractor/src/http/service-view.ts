import type { Contract } from '../config/contract-settings.js';
import type { DeliveryStatus } from '../sinks/delivery-status.js';
import type { StatusBoard } from '../status/status-board.js';

/** What the HTTP responses are made from. */
export interface ServiceView {
  readonly board: Pick<StatusBoard, 'state' | 'throughput' | 'subscribe'>;
  /** Version of this program. */
  readonly version: string;
  /** Name of the sink, and where its output is. Never contains credentials. */
  readonly sink: { readonly name: string; readonly destination: string };
  /** The state of the delivery; only sinks with a broker have one. */
  readonly delivery: () => DeliveryStatus | undefined;
  /** Messages of a file that may be unconfirmed (`QUEUE_SIZE`). */
  readonly queueSize: number;
  /** Under `fanout`, `/health` has the members that the platform of today has. */
  readonly contract: Contract;
  /** Seconds between two runs; `undefined` if the process ends after one. */
  readonly periodSeconds: number | undefined;
}

/** The day of a dump's version, in milliseconds since 1970. */
export const dumpTime = (version: string): number =>
  Date.UTC(Number(version.slice(0, 4)), Number(version.slice(4, 6)) - 1, Number(version.slice(6, 8)));
