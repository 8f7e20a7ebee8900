import type { ResolvedQueue } from '../resolved-topology.js';

/** Time between two readings of a queue that holds less than it should, in milliseconds. */
export const READING_INTERVAL_MS = 250;

/**
 * A quorum queue without a leader reports no messages: one that seems to be empty is read this often. If two of three
 * nodes were down, an election takes some time.
 */
export const MAX_READINGS_WITHOUT_LEADER = 120;

export const isQuorum = (queue: ResolvedQueue): boolean => queue.arguments['x-queue-type'] === 'quorum';
