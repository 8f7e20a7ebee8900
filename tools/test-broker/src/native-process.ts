import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createControlNode } from './control-node.js';
import { TestBrokerError } from './errors.js';
import type { Installation } from './installation.js';
import type { BrokerProcess } from './owned-broker.js';
import { findFreePorts } from './ports.js';
import { preloadFlags } from './preload-modules.js';
import { startTethered, type TetheredProcess } from './tethered-process.js';

const run = promisify(execFile);
const LOOPBACK_ARGS = ['-kernel', 'inet_dist_use_interface', '{127,0,0,1}'];
const LOOPBACK = LOOPBACK_ARGS.join(' ');

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

/**
 * Prepares a node of the installed RabbitMQ with its own name, ports, cookie and folder, so that it neither sees nor
 * disturbs another broker on the machine. It gets its own Erlang port mapper (epmd) too, since a node would otherwise
 * start one that keeps running as a daemon.
 */
export const nativeProcess = async (installation: Installation): Promise<BrokerProcess> => {
  const folder = await mkdtemp(join(tmpdir(), 'test-broker-'));
  const [port, distPort, epmdPort] = (await findFreePorts(3)) as [number, number, number];
  const node = `test-${randomBytes(6).toString('hex')}@localhost`;
  const log = join(folder, 'broker.log');
  const processLog = join(folder, 'process.log');

  await mkdir(join(folder, 'mnesia'));
  await writeFile(join(folder, '.erlang.cookie'), randomBytes(16).toString('hex'), { mode: 0o400 });
  await writeFile(join(folder, 'enabled_plugins'), '[].\n');
  await writeFile(
    join(folder, 'rabbitmq.conf'),
    [
      `listeners.tcp.1 = 127.0.0.1:${port}`,
      'vm_memory_high_watermark.relative = 0.6',
      'disk_free_limit.absolute = 50MB',
      'log.file.level = info',
      '',
    ].join('\n'),
  );

  const env: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    LANG: 'C.UTF-8',
    HOME: folder,
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    // No crash dumps of killed nodes.
    ERL_CRASH_DUMP_SECONDS: '0',
    RABBITMQ_NODENAME: node,
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_DIST_PORT: String(distPort),
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_LOG_BASE: folder,
    RABBITMQ_LOGS: log,
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
    RABBITMQ_GENERATED_CONFIG_DIR: join(folder, 'generated'),
    RABBITMQ_CONF_ENV_FILE: join(folder, 'none'),
    RABBITMQ_PID_FILE: join(folder, 'pid'),
    // Makes the script become the node (exec) instead of waiting for it, so that there is one process to kill.
    RABBITMQ_ALLOW_INPUT: 'true',
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `${LOOPBACK} -noinput`,
    RABBITMQ_CTL_ERL_ARGS: LOOPBACK,
  };

  const control = createControlNode(node, LOOPBACK_ARGS, env);
  let epmd: TetheredProcess | undefined;
  let broker: TetheredProcess | undefined;

  const startEpmd = async (): Promise<void> => {
    if (epmd?.running) return;
    epmd = await startTethered('epmd', ['-port', String(epmdPort), '-address', '127.0.0.1'], env, processLog);
    for (let tries = 0; tries < 200; tries++) {
      if (await isListening(epmdPort)) return;
      await sleep(25);
    }
    throw new TestBrokerError('START_FAILED', 'The Erlang port mapper (epmd) did not start');
  };

  return {
    origin: 'installed',
    host: '127.0.0.1',
    port,
    get running() {
      return broker?.running ?? false;
    },
    async start() {
      if (broker?.running) return;
      await startEpmd();
      broker = await startTethered(installation.server, [], { ...env, ERL_AFLAGS: preloadFlags() }, processLog);
    },
    async kill() {
      await broker?.kill();
    },
    async ctl(args) {
      try {
        const { stdout } = await run(installation.ctl, ['-q', '-n', node, ...args], { env, maxBuffer: 64 << 20 });
        return stdout;
      } catch (cause) {
        const { stderr = '', stdout = '' } = cause as { stderr?: string; stdout?: string };
        throw new TestBrokerError('CONTROL_FAILED', `rabbitmqctl ${args[0]} failed: ${stderr}${stdout}`, cause);
      }
    },
    evaluate: (expression) => control.evaluate(expression),
    async log() {
      const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
      return `${await read(processLog)}\n${await read(log)}`.slice(-4000);
    },
    async remove() {
      await control.close();
      await epmd?.kill();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
};
