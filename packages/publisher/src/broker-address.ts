import { type AmqpUrl, AmqpUrlError, parseAmqpUrls } from '@discogs-extractor/internal/amqp-url';
import { PublisherError } from './errors.js';

/** The parts of a broker's URL, decoded. */
export type BrokerAddress = AmqpUrl;

/**
 * Splits the URL of a broker, or those of its nodes, into parts. No URL ever appears in an error, since it contains a
 * password.
 * @throws PublisherError `INVALID_URL`
 */
export const parseBrokerUrls = (url: string | readonly string[]): BrokerAddress[] => {
  try {
    return parseAmqpUrls(typeof url === 'string' ? [url] : url);
  } catch (error) {
    throw error instanceof AmqpUrlError ? new PublisherError('INVALID_URL', error.message) : error;
  }
};
