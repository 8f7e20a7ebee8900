export type { BrokerOrigin, TestBroker, UserPermissions } from './broker.js';
export { type Authority, type Certificate, createAuthority } from './certificates.js';
export { type ClusterNode, type ClusterOptions, startNewCluster, type TestCluster } from './cluster.js';
export { needProgram } from './debian.js';
export { TestBrokerError, type TestBrokerErrorCode } from './errors.js';
export { startProxy, type TcpProxy } from './proxy.js';
export {
  bindQueue,
  countMessages,
  type DrainedMessage,
  deleteExchange,
  deleteQueue,
  drainQueue,
  purgeQueue,
  type UniqueTopology,
  unbindQueue,
  uniqueTopology,
  withConnection,
} from './queues.js';
export { provideTestBrokers, sharedBroker } from './shared-broker.js';
export { startBroker, startNewBroker, startOwnBroker } from './start-broker.js';
export { connectStreamClient, type StreamClient } from './stream-client.js';
export { openTlsListeners, type TlsListeners } from './tls-listeners.js';
export { until } from './until.js';
