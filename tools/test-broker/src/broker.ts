/** How a broker was started; `external` is the one that `TEST_AMQP_URL` names. */
export type BrokerOrigin = 'external' | 'installed' | 'docker';

/** A real RabbitMQ for tests. */
export interface TestBroker extends AsyncDisposable {
  readonly origin: BrokerOrigin;
  /** `amqp://guest:guest@127.0.0.1:PORT`, the virtual host `/`. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** The URL with another virtual host or other credentials. */
  urlFor(other: { vhost?: string; username?: string; password?: string; port?: number }): string;

  /**
   * Runs `rabbitmqctl` on the broker's node and returns its output. This method and those below, except `close`, need a
   * broker that the test has started itself.
   * @throws TestBrokerError `NOT_OWNED` for an external or shared broker, `CONTROL_FAILED`
   */
  ctl(...args: string[]): Promise<string>;
  /**
   * Evaluates an Erlang expression on the broker's node and returns the result as text. Much faster than
   * `ctl('eval', …)`.
   * @throws TestBrokerError `CONTROL_FAILED`
   */
  evaluate(expression: string): Promise<string>;
  /** Sends SIGKILL: nothing is flushed, clients are not notified. */
  kill9(): Promise<void>;
  /** Starts a killed broker again, on the same port with the same data. */
  start(): Promise<void>;
  /** `kill9` and `start`. */
  restart(): Promise<void>;
  /** Stops the broker inside its running node, which notifies clients. */
  stopApp(): Promise<void>;
  startApp(): Promise<void>;
  /** Closes every client connection from the broker's side (code 320). */
  closeConnections(reason?: string): Promise<void>;
  /** Closes every channel from the broker's side (code 406). */
  closeChannels(): Promise<void>;
  /** Raises a memory alarm, which blocks publishing connections until it is cleared. */
  setMemoryAlarm(): Promise<void>;
  clearMemoryAlarm(): Promise<void>;
  createVhost(name: string): Promise<void>;
  deleteVhost(name: string): Promise<void>;
  createUser(name: string, password: string, permissions?: UserPermissions): Promise<void>;
  deleteUser(name: string): Promise<void>;
  /** Sets a policy for the queues of the virtual host `/` whose names match. @param pattern - a regular expression */
  setPolicy(name: string, pattern: string, definition: object): Promise<void>;
  deletePolicy(name: string): Promise<void>;
  /** Starts exactly these plug-ins and stops all others. */
  enablePlugins(...names: string[]): Promise<void>;
  /** Stops the broker and removes its folder. */
  close(): Promise<void>;
}

export interface UserPermissions {
  /** @default '/' */
  vhost?: string;
  /** Regular expressions. @default '.*' each */
  configure?: string;
  write?: string;
  read?: string;
}

/** Builds a URL from parts; the virtual host `/` is omitted. */
export const amqpUrl = (parts: {
  host: string;
  port: number;
  username: string;
  password: string;
  vhost: string;
}): string => {
  const path = parts.vhost === '/' ? '' : `/${encodeURIComponent(parts.vhost)}`;
  const credentials = `${encodeURIComponent(parts.username)}:${encodeURIComponent(parts.password)}`;
  return `amqp://${credentials}@${parts.host}:${parts.port}${path}`;
};
