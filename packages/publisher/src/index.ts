export { createPublisher } from './create-publisher.js';
export { PublisherError, type PublisherErrorCode, type PublisherErrorFacts } from './errors.js';
export type { PublisherEvent, PublisherState } from './events.js';
export { type IdentifyBrokerOptions, identifyBroker } from './identify-broker.js';
export type { BackoffOptions, ExchangeOptions, MessageProperties, PublisherOptions, QueueOptions } from './options.js';
export type {
  BrokerIdentity,
  CloseOptions,
  CloseReport,
  FlushOptions,
  OutgoingMessage,
  Publisher,
  PublisherStats,
  UnsettledMessage,
} from './publisher.js';
