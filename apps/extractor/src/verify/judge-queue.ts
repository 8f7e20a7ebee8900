import { countOf } from '../count-of.js';
import { formatCount } from '../report/format.js';
import { cannotTell, judgeCount, type PlaceReport } from './verdict.js';

/** What a queue says about itself when it is asked over AMQP. */
export interface QueueCounts {
  /** Messages ready for delivery. */
  readonly messages: number;
  readonly consumers: number;
}

/** What the management API adds. */
export interface QueueStatistics extends QueueCounts {
  /** Reading a stream takes nothing out of it. */
  readonly isStream: boolean;
  /** Messages that have arrived, and messages that clients have taken, since the queue's node counts them. */
  readonly arrived: number;
  readonly taken: number;
}

/**
 * Compares a queue with the messages that were delivered to it.
 *
 * @param counts - `undefined` if the queue does not exist
 * @param statistics - `undefined` if the management API was not asked
 */
export const judgeQueue = (
  expected: number,
  counts: QueueCounts | undefined,
  statistics: QueueStatistics | undefined,
  { isStream = statistics?.isStream ?? false }: { readonly isStream?: boolean | undefined } = {},
): Pick<PlaceReport, 'found' | 'verdict' | 'reason'> => {
  if (counts === undefined) return judgeCount(expected, 0, 'the queue does not exist');
  const { messages, consumers } = statistics ?? counts;
  if (isStream)
    return judgeCount(
      expected,
      messages,
      'a stream counts its messages some seconds later, and its retention may have removed some',
    );
  if (statistics !== undefined) {
    const { arrived, taken } = statistics;
    const there = `${formatCount(messages)} are there, ${formatCount(taken)} were taken`;
    if (messages + taken >= expected) {
      const judged = judgeCount(expected, messages + taken, '');
      return taken > 0 ? { ...judged, reason: [there, judged.reason].filter(Boolean).join('; ') } : judged;
    }
    if (arrived >= expected) {
      const dropped = arrived - messages - taken;
      const why = `${formatCount(arrived)} arrived, ${there}, ${formatCount(dropped)} were dropped, expired or purged`;
      return judgeCount(expected, messages + taken, why);
    }
  }
  // The ready ones of a queue with consumers are what they have left.
  if (consumers > 0 && messages < expected) {
    const taken = `messages were taken by its ${countOf(consumers, 'consumer')}`;
    return cannotTell(
      statistics === undefined
        ? `${taken} (see AMQP_MANAGEMENT_URL)`
        : `${taken}, and the broker has not counted all that arrived`,
    );
  }
  return judgeCount(
    expected,
    messages,
    'lost, or taken by clients that are not attached any more: the queue cannot tell',
  );
};
