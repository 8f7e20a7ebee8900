import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { TestBrokerError } from './errors.js';
import type { BrokerProcess } from './owned-broker.js';
import { findFreePorts } from './ports.js';
import { startTethered, type TetheredProcess } from './tethered-process.js';

const run = promisify(execFile);
const IMAGE = process.env['TEST_RABBITMQ_IMAGE'] ?? 'rabbitmq:4';

/** Whether a Docker daemon is running. */
export const isDockerRunning = (): Promise<boolean> =>
  run('docker', ['info'], { timeout: 10_000 }).then(
    () => true,
    () => false,
  );

/** Creates a container for RabbitMQ that is reachable through the loopback interface only. */
export const dockerProcess = async (): Promise<BrokerProcess> => {
  const [port] = (await findFreePorts(1)) as [number];
  const name = `test-broker-${randomBytes(6).toString('hex')}`;
  await run('docker', ['create', '--name', name, '--hostname', name, '-p', `127.0.0.1:${port}:5672`, IMAGE], {
    timeout: 10 * 60_000,
  });
  // The container belongs to the daemon and would outlive this process: this shell removes it when this process ends.
  const cleanup: TetheredProcess = await startTethered('sleep', ['infinity'], process.env, '/dev/null', [
    'docker',
    'rm',
    '-f',
    name,
  ]);
  let running = false;
  const ctl = async (args: readonly string[]): Promise<string> => {
    try {
      return (await run('docker', ['exec', name, 'rabbitmqctl', '-q', ...args], { maxBuffer: 64 << 20 })).stdout;
    } catch (cause) {
      const { stderr = '' } = cause as { stderr?: string };
      throw new TestBrokerError('CONTROL_FAILED', `rabbitmqctl ${args[0]} failed: ${stderr}`, cause);
    }
  };

  return {
    origin: 'docker',
    host: '127.0.0.1',
    port,
    get running() {
      return running;
    },
    async start() {
      await run('docker', ['start', name]);
      running = true;
    },
    async kill() {
      if (running) await run('docker', ['kill', '-s', 'KILL', name]);
      running = false;
    },
    ctl,
    evaluate: (expression) => ctl(['eval', expression]),
    log: () =>
      run('docker', ['logs', '--tail', '40', name]).then(
        ({ stdout, stderr }) => stdout + stderr,
        () => '',
      ),
    async remove() {
      await run('docker', ['rm', '-f', name]);
      await cleanup.kill();
    },
  };
};
