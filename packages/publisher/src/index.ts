export { partitionQueueNames } from '@discogs-extractor/internal/partition-queues';
export { type AssertContinuityOptions, assertContinuity } from './assert-continuity.js';
export {
  type ConnectedPublisherOptions,
  createConnection,
  type PublisherConnection,
  type PublisherConnectionOptions,
} from './create-connection.js';
export { createPublisher } from './create-publisher.js';
export { type DiscardContinuityOptions, discardContinuity } from './discard-continuity.js';
export {
  type NodeFailureFacts,
  PublisherError,
  type PublisherErrorCode,
  type PublisherErrorFacts,
  type TopologyLossReason,
} from './errors.js';
export type { PublisherEvent, PublisherState } from './events.js';
export { type BrokerConnectionOptions, identifyBroker } from './identify-broker.js';
export { type InspectQueuesOptions, inspectQueues, type QueuesInspection } from './inspect-queues.js';
export type {
  BackoffOptions,
  ContinuityOptions,
  DeadLetterOptions,
  ExchangeOptions,
  MessageProperties,
  PublisherOptions,
  QueueOptions,
  RefusedMessage,
  ReturnedMessage,
  TlsOptions,
} from './options.js';
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
export type { QueueReading } from './topology/declare-topology.js';
