import { parseBrokerUrl } from './broker-address.js';
import { PublisherError } from './errors.js';
import { type BrokerConnectionOptions, CONNECTION_OPTION_NAMES, connectOnly } from './identify-broker.js';
import { createRedact, redactedCause } from './redact.js';
import { checks, continuityToken } from './resolve-options.js';
import { deleteContinuity } from './topology/continuity.js';
import { explainDeclarationRefusal } from './topology/refusals.js';

/** What {@link discardContinuity} accepts. */
export interface DiscardContinuityOptions extends BrokerConnectionOptions {
  /** The token that the publisher was given as `continuity.token`. */
  token: string;
  /** The names of its queues. */
  queues: readonly string[];
}

const OPTION_NAMES: Readonly<Record<keyof DiscardContinuityOptions, true>> = {
  ...CONNECTION_OPTION_NAMES,
  token: true,
  queues: true,
};

/**
 * Removes the objects that a publisher with the option `continuity` has left on the broker, once nothing is to be
 * resumed with that token. Objects that are not there are no error.
 * @throws PublisherError like {@link identifyBroker}; `ACCESS_REFUSED`; `CONNECTION_LOST` if the connection ends before
 */
export const discardContinuity = async (options: DiscardContinuityOptions): Promise<void> => {
  const { token, queues, ...connection } = checks.object('', options, OPTION_NAMES);
  continuityToken('token', token);
  const names = checks.list('queues', queues).map((name) => checks.text('queues', name));
  await using publisher = await connectOnly(connection);
  try {
    await publisher.request((channel) => deleteContinuity(channel, token, names));
  } catch (error) {
    const redact = createRedact(parseBrokerUrl(connection.url));
    const cause = redactedCause(redact, error);
    const facts = { broker: publisher.broker.display, exchange: `${token}.…` };
    throw (
      explainDeclarationRefusal(error, redact, facts) ??
      new PublisherError('CONNECTION_LOST', `The connection with ${facts.broker} ended: ${cause.message}`, {
        facts,
        cause,
      })
    );
  }
};
