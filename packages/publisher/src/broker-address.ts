import { type AmqpUrl, AmqpUrlError, parseAmqpUrl } from '@discogs-extractor/internal/amqp-url';
import { PublisherError } from './errors.js';

/** The parts of a broker's URL, decoded. */
export type BrokerAddress = AmqpUrl;

/**
 * Splits a broker's URL into its parts. The URL never appears in an error, since it contains a password.
 * @throws PublisherError `INVALID_URL`
 */
export const parseBrokerUrl = (url: string): BrokerAddress => {
  try {
    return parseAmqpUrl(url);
  } catch (error) {
    throw error instanceof AmqpUrlError ? new PublisherError('INVALID_URL', error.message) : error;
  }
};
