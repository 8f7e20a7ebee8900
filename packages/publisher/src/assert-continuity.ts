import { type BrokerConnectionOptions, CONNECTION_OPTION_NAMES, withBroker } from './identify-broker.js';
import type { QueueOptions } from './options.js';
import { createRedact } from './redact.js';
import { checks, resolveOptions } from './resolve-options.js';
import { Continuity } from './topology/continuity.js';

/** What {@link assertContinuity} accepts. */
export interface AssertContinuityOptions extends BrokerConnectionOptions {
  /** The token that the publisher had as `continuity.token`; without it, only the queues are looked at. */
  token: string | undefined;
  /** The names of its queues. */
  queues: readonly string[];
  /** The number of partitions that each of them has. @default 1 */
  partitions?: number | undefined;
  /** Their type. @default undefined */
  queueType?: QueueOptions['queueType'] | undefined;
}

const OPTION_NAMES: Readonly<Record<keyof AssertContinuityOptions, true>> = {
  ...CONNECTION_OPTION_NAMES,
  token: true,
  queues: true,
  partitions: true,
  queueType: true,
};

/**
 * Resolves if the queues are still those that a publisher with the option `continuity` has published to, and if the
 * broker has not lost its messages. Declares, publishes and takes nothing.
 * @throws PublisherError `TOPOLOGY_LOST` if they are not; those of {@link identifyBroker}; `ACCESS_REFUSED`; `CONNECTION_LOST`
 */
export const assertContinuity = async (options: AssertContinuityOptions): Promise<void> => {
  const { token, queues, partitions, queueType, ...connection } = checks.object('', options, OPTION_NAMES);
  const resolved = resolveOptions({
    ...connection,
    exchange: { name: '', type: 'direct' },
    queues: checks
      .list('queues', queues)
      .map((name, index) => ({ name: checks.text(`queues[${index}]`, name), routingKeys: [], queueType, partitions })),
    topologyCheckIntervalMs: 0,
    continuity: { token, mode: 'resume' },
  });
  const nothingSent = { verified: 0, confirmed: 0, onUnavailable: () => {} };
  const continuity = new Continuity(resolved, createRedact(resolved.nodes.map(({ address }) => address)), nothingSent);
  await withBroker(connection, {}, (publisher) =>
    continuity.prove({ ended: false, request: (work) => publisher.request(work) }, { isFirst: true }),
  );
};
