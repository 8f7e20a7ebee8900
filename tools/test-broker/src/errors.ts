/**
 * - `NO_BROKER`: this machine has no RabbitMQ and no way to get one; the message says what to install
 * - `INSTALL_FAILED`: a program is missing and could not be installed
 * - `START_FAILED`: the broker did not start; the message ends with its log
 * - `NOT_OWNED`: the broker is external or shared, so a test must not stop, block or reconfigure it
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
