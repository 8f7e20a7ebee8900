import type { BrokerAddress } from '../broker-address.js';
import type { BrokerIdentity } from '../publisher.js';

/**
 * The identity of the broker at an address.
 * @param serverProperties - what the broker says about itself in the handshake (AMQP 0-9-1, `connection.start`)
 */
export const brokerIdentity = (
  { display, vhost }: BrokerAddress,
  serverProperties: Readonly<Record<string, unknown>> = {},
): BrokerIdentity => {
  const text = (name: string): string | undefined => {
    const value = serverProperties[name];
    return typeof value === 'string' ? value : undefined;
  };
  return { display, vhost, clusterName: text('cluster_name'), product: text('product'), version: text('version') };
};
