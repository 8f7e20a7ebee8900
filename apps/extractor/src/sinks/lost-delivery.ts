import type { PublisherErrorCode } from '@discogs-extractor/publisher';
import { errorCodeOf } from '../errors.js';

/** The publisher's codes for confirmed messages that are lost: nothing may be resumed after its watermark. */
export const LOST_DELIVERY_CODES: readonly PublisherErrorCode[] = ['TOPOLOGY_LOST', 'TOPOLOGY_MISSING', 'UNROUTABLE'];

/** Whether an error, or what caused it, means that confirmed messages are lost. */
export const isLostDelivery = (error: unknown): boolean =>
  error instanceof Error &&
  ((LOST_DELIVERY_CODES as readonly string[]).includes(errorCodeOf(error) ?? '') || isLostDelivery(error.cause));
