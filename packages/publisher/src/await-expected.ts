import { sleep } from '@discogs-extractor/internal/abort';
import { backoffDelayMs } from '@discogs-extractor/internal/backoff';
import type { ConnectionSource } from './connection/open-connection.js';
import { PublisherError } from './errors.js';
import type { PublisherEvent, PublisherState } from './events.js';
import { createRedact } from './redact.js';
import { type ResolvedOptions, resolveExchange } from './resolve-options.js';
import { isBuiltIn } from './topology/declare-topology.js';
import { explainDeclarationRefusal, isMissing } from './topology/refusals.js';
import { WindowedPublisher } from './windowed-publisher.js';

/** What is expected and does not exist. */
interface MissingTopology {
  readonly exchange: string | undefined;
  readonly queues: readonly string[];
}

/**
 * Resolves when the exchange and the queues that are expected exist, as far as the options allow to wait for them: what
 * is missing otherwise fails the publisher that connects next. Looks less and less often, since a broker logs each look
 * at something that does not exist as an error.
 *
 * @param connections - where its connection comes from. @default one of its own
 * @throws PublisherError `TOPOLOGY_MISSING` after `expectTimeoutMs`; those of a publisher that connects; the reason of
 *   `signal`
 */
export const awaitExpected = async (options: ResolvedOptions, connections?: ConnectionSource): Promise<void> => {
  const { exchange, queues, declare, expectTimeoutMs, continuity, backoff, signal, onEvent } = options;
  const hasExpected = exchange.isExpected || queues.some(({ isExpected }) => isExpected);
  if (!hasExpected || declare === false || expectTimeoutMs === 0 || continuity?.mode === 'resume') return;
  let state: PublisherState = 'connecting';
  /** What was missing when it was last reported on this connection. */
  let reported = '';
  const setState = (to: PublisherState): void => {
    if (to !== state) onEvent?.({ type: 'state', from: state, to });
    state = to;
  };
  const onConnectionEvent = (event: PublisherEvent): void => {
    if (event.type === 'connected') reported = '';
    else if (event.type !== 'state') onEvent?.(event);
    else if (!OWN_STATES.has(event.to)) setState(event.to);
  };
  const withoutTopology: ResolvedOptions = {
    ...options,
    exchange: resolveExchange('exchange', '', 'direct'),
    queues: [],
    declare: true,
    continuity: undefined,
    topologyCheckIntervalMs: 0,
    onEvent: onConnectionEvent,
  };
  await using connection = new WindowedPublisher(withoutTopology, connections);
  await connection.start();
  let missingSince: number | undefined;
  let looks = 0;
  for (;;) {
    looks++;
    const missing = await findMissing(connection, options);
    if (missing && missing.exchange === undefined && missing.queues.length === 0) {
      if (missingSince === undefined) return;
      onEvent?.({ type: 'found', waitedMs: performance.now() - missingSince });
      setState('connecting');
      return;
    }
    missingSince ??= performance.now();
    if (missing) {
      setState('waiting');
      const key = JSON.stringify(missing);
      if (key !== reported) {
        onEvent?.({ type: 'waiting', ...missing });
        // The others probably come soon.
        looks = 1;
      }
      reported = key;
    }
    const leftMs = missingSince + expectTimeoutMs - performance.now();
    if (leftMs <= 0 && missing) throw missingError(options, missing);
    const delayMs = backoffDelayMs(looks, backoff);
    await sleep(leftMs > 0 ? Math.min(delayMs, leftMs) : delayMs, signal);
  }
};

/** States of the connection that are not reported: it is closed before the publisher connects. */
const OWN_STATES: ReadonlySet<PublisherState> = new Set(['open', 'closing', 'closed']);

/** What does not exist of what is expected; `undefined` if that cannot be known at present. */
const findMissing = async (
  connection: WindowedPublisher,
  { address, nodes, exchange, queues, signal }: ResolvedOptions,
): Promise<MissingTopology | undefined> => {
  const exists = async (
    facts: { readonly exchange: string; readonly queue?: string },
    work: Parameters<WindowedPublisher['request']>[0],
  ): Promise<boolean> => {
    try {
      await connection.request(work);
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      const broker = address.display;
      const redact = createRedact(nodes.map((node) => node.address));
      throw explainDeclarationRefusal(error, redact, { broker, ...facts }) ?? error;
    }
  };
  try {
    const missing: string[] = [];
    for (const { name, isExpected } of queues) {
      const facts = { exchange: exchange.name, queue: name };
      if (isExpected && !(await exists(facts, (channel) => channel.checkQueue(name)))) missing.push(name);
    }
    const hasExchange =
      !exchange.isExpected ||
      isBuiltIn(exchange.name) ||
      (await exists({ exchange: exchange.name }, (channel) => channel.checkExchange(exchange.name)));
    return { exchange: hasExchange ? undefined : exchange.name, queues: missing };
  } catch (error) {
    signal?.throwIfAborted();
    if (connection.error) throw connection.error;
    if (error instanceof PublisherError && error.code !== 'CLOSED') throw error;
    // The connection was lost, or the node of a queue is down.
    return undefined;
  }
};

const missingError = ({ address, expectTimeoutMs }: ResolvedOptions, missing: MissingTopology): PublisherError => {
  const { exchange, queues } = missing;
  const names = [
    ...(exchange === undefined ? [] : [`exchange ${exchange}`]),
    ...queues.map((queue) => `queue ${queue}`),
  ].join(', ');
  return new PublisherError(
    'TOPOLOGY_MISSING',
    `Still missing after ${expectTimeoutMs / 1_000} s: ${names}. Start the program that declares this, or wait longer (expectTimeoutMs).`,
    { facts: { broker: address.display, exchange, queue: queues[0] } },
  );
};
