import { isIPv6 } from 'node:net';
import type { Config, SettingName } from './settings.js';
import { SETTINGS } from './settings.js';

/** What the operator should know about settings that are valid. */
export interface ConfigNotice {
  readonly level: 'info' | 'warn';
  readonly text: string;
}

/** Without `AMQP_CONNECTION` and `CONTRACT`, one of these chooses the fanout contract. */
const FANOUT_SETTINGS = ['rabbitmqHost', 'amqpExchangePrefix'] as const;

/** These have no effect under a contract. */
const UNUSED_SETTINGS = {
  topic: ['amqpExchangePrefix', 'extractionComplete'],
  fanout: ['amqpExchange', 'amqpQueues', 'amqpQueueType', 'amqpQueueArguments'],
} as const;

/** The settings that {@link resolveContract} reads. */
export const RESOLVED_SETTINGS = [
  'contract',
  'amqpConnection',
  'amqpExchangePrefix',
  'rabbitmqHost',
  'rabbitmqPort',
  'rabbitmqUsername',
  'rabbitmqPassword',
] as const;

type Resolved = Pick<Config, (typeof RESOLVED_SETTINGS)[number]>;

/**
 * Chooses the contract if nothing says which, and builds the URL of the broker from the `RABBITMQ_*` settings if
 * `AMQP_CONNECTION` is absent.
 *
 * @param isGiven - whether a setting has a value that is not the default
 */
export const resolveContract = (
  config: Resolved,
  isGiven: (name: SettingName) => boolean,
  onNotice: (notice: ConfigNotice) => void,
): Pick<Config, 'contract' | 'amqpConnection'> => {
  const reason = isGiven('contract') || isGiven('amqpConnection') ? undefined : FANOUT_SETTINGS.find(isGiven);
  const contract = reason === undefined ? config.contract : 'fanout';
  if (reason !== undefined) {
    const text = `🚀 CONTRACT=fanout is in force, since ${SETTINGS[reason].env} is set and neither AMQP_CONNECTION nor CONTRACT is`;
    onNotice({ level: 'info', text });
  }
  const unused = UNUSED_SETTINGS[contract].filter(isGiven).map((name) => SETTINGS[name].env);
  if (unused.length > 0) {
    onNotice({ level: 'warn', text: `⚠️ ${unused.join(' and ')} has no effect under CONTRACT=${contract}` });
  }
  if (isGiven('amqpConnection') && isGiven('rabbitmqHost')) {
    const text = '⚠️ RABBITMQ_HOST has no effect, since AMQP_CONNECTION is set. Remove one of the two';
    onNotice({ level: 'warn', text });
  }
  const isBuilt = !isGiven('amqpConnection') && (contract === 'fanout' || isGiven('rabbitmqHost'));
  return { contract, amqpConnection: isBuilt ? brokerUrl(config) : config.amqpConnection };
};

const brokerUrl = ({
  rabbitmqHost: host,
  rabbitmqPort: port,
  rabbitmqUsername: username,
  rabbitmqPassword: password,
}: Resolved): string => {
  const credentials = [username, password].map(encodeURIComponent).join(':');
  return `amqp://${credentials}@${isIPv6(host) ? `[${host}]` : host}:${port}/%2F`;
};
