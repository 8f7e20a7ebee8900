import type { BrokerOrigin, TestBroker } from './broker.js';
import type { TestBrokerErrorCode } from './errors.js';

/** The methods of a broker that work in the pool's process. */
export const LEASED_METHODS = [
  'ctl',
  'evaluate',
  'kill9',
  'start',
  'restart',
  'stopApp',
  'startApp',
  'closeConnections',
  'closeChannels',
  'setMemoryAlarm',
  'clearMemoryAlarm',
  'createVhost',
  'deleteVhost',
  'createUser',
  'deleteUser',
  'setPolicy',
  'deletePolicy',
  'enablePlugins',
] as const satisfies readonly (keyof TestBroker)[];
export type LeasedMethod = (typeof LEASED_METHODS)[number];

export interface LeaseError {
  readonly code: TestBrokerErrorCode;
  readonly message: string;
}

/** The pool's first message: where the broker listens. */
export type LeaseGrant =
  | { readonly origin: BrokerOrigin; readonly host: string; readonly port: number; readonly error?: undefined }
  | { readonly error: LeaseError };

/** What a test process sends. */
export interface LeaseCall {
  readonly id: number;
  readonly method: LeasedMethod;
  readonly args: readonly unknown[];
}

/** The pool's response to one call. */
export interface LeaseReply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: LeaseError | undefined;
}
