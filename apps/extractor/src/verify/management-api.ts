import { describeError, ExtractorError } from '../errors.js';
import type { QueueStatistics } from './judge-queue.js';

const REQUEST_TIMEOUT_MS = 10_000;

/** The parts of the management API's `GET /api/queues/VHOST/NAME` that are used. */
interface QueueResource {
  readonly type?: string;
  readonly messages?: number;
  readonly consumers?: number;
  readonly message_stats?: Readonly<Record<string, number | undefined>>;
}

export interface ManagementApiOptions {
  /** `http://user:password@host:15672`; without a user, that of the first of `amqpUrls` is used. */
  readonly url: string;
  readonly amqpUrls: readonly string[];
  readonly vhost: string;
  readonly signal: AbortSignal;
}

/**
 * Reads a queue's statistics; `undefined` if the queue does not exist.
 *
 * @throws ExtractorError `MANAGEMENT_UNAVAILABLE`; the signal's reason
 */
export const readQueueStatistics = async (
  queue: string,
  { url, amqpUrls, vhost, signal }: ManagementApiOptions,
): Promise<QueueStatistics | undefined> => {
  const base = new URL(url);
  const account = base.username === '' ? new URL(amqpUrls[0]!) : base;
  const [user, password] = [account.username || 'guest', account.password || 'guest'].map(decodeURIComponent);
  const path = `${base.pathname.replace(/\/$/, '')}/api/queues/${encodeURIComponent(vhost)}/${encodeURIComponent(queue)}`;
  const location = `${base.origin}${path}`;
  const failed = (problem: string, cause?: unknown): ExtractorError =>
    new ExtractorError(
      'MANAGEMENT_UNAVAILABLE',
      `Cannot read ${location}: ${problem}. Check AMQP_MANAGEMENT_URL, and that its user has the tag "monitoring".`,
      { facts: { queue }, cause },
    );
  const response = await fetch(location, {
    headers: { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` },
    signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
  }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw failed(describeError(error), error);
  });
  if (response.status === 404) return undefined;
  if (!response.ok) throw failed(`status ${response.status}`);
  const { type, messages, consumers, message_stats: stats = {} } = (await response.json()) as QueueResource;
  if (messages === undefined) throw failed('the queue has no counts yet, which it gets every few seconds');
  const count = (...names: readonly string[]): number => names.reduce((sum, name) => sum + (stats[name] ?? 0), 0);
  return {
    messages,
    consumers: consumers ?? 0,
    isStream: type === 'stream',
    arrived: count('publish'),
    taken: count('ack', 'deliver_no_ack', 'get_no_ack'),
  };
};
