import type { PublisherErrorCode } from '@discogs-extractor/publisher';

/** The publisher's codes for confirmed messages that are lost: nothing may be resumed after its watermark. */
export const LOST_DELIVERY_CODES: readonly PublisherErrorCode[] = ['TOPOLOGY_LOST', 'TOPOLOGY_MISSING', 'UNROUTABLE'];
