/**
 * - `NO_BROKER`: there is no RabbitMQ on this machine and no way to get one; the message says what to install
 * - `INSTALL_FAILED`: `apt-get` could not install it
 * - `START_FAILED`: it did not come up; the message ends with its log
 * - `NOT_OWNED`: the broker was given by `TEST_AMQP_URL`, so it cannot be injured
 * - `CONTROL_FAILED`: a `rabbitmqctl` command failed
 */
export type TestBrokerErrorCode = 'NO_BROKER' | 'INSTALL_FAILED' | 'START_FAILED' | 'NOT_OWNED' | 'CONTROL_FAILED';

export class TestBrokerError extends Error {
  override readonly name = 'TestBrokerError';
  readonly code: TestBrokerErrorCode;

  constructor(code: TestBrokerErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
