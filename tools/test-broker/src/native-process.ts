import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { createControlNode } from './control-node.js';
import { createErlangNetwork, type ErlangNetwork } from './erlang-network.js';
import { TestBrokerError } from './errors.js';
import type { Installation } from './installation.js';
import type { BrokerProcess } from './owned-broker.js';
import { findFreePorts } from './ports.js';
import { preloadFlags } from './preload-modules.js';
import { startTethered, type TetheredProcess } from './tethered-process.js';

const run = promisify(execFile);
const LOOPBACK_ARGS = ['-kernel', 'inet_dist_use_interface', '{127,0,0,1}'];
const LOOPBACK = LOOPBACK_ARGS.join(' ');

/** What {@link nativeProcess} accepts. */
export interface NativeOptions {
  /** Name of the Erlang node. @default a name that no other has */
  readonly node?: string;
  /** Where the node meets others; not closed with it. @default one of its own */
  readonly network?: ErlangNetwork;
  /** Further lines of rabbitmq.conf. */
  readonly config?: readonly string[];
  readonly plugins?: readonly string[];
  /** RabbitMQ is loaded, but does not boot before this file exists. */
  readonly bootAfter?: string;
}

/** A process of the installed RabbitMQ, which has further programs. */
export interface NativeProcess extends BrokerProcess {
  readonly node: string;
  /** Runs a program of RabbitMQ, such as `rabbitmq-upgrade`, for the node, and returns its output. */
  run(program: string, args: readonly string[]): Promise<string>;
  /** Stops the process where it is (SIGSTOP); its connections stay. */
  suspend(): void;
  /** Lets it continue. */
  resume(): void;
}

/** A name of a node that no other has. */
export const uniqueNodeName = (): string => `test-${randomBytes(6).toString('hex')}@localhost`;

/** Prepares a node of the installed RabbitMQ with its own ports and folder. */
export const nativeProcess = async (
  installation: Installation,
  { network: given, node = uniqueNodeName(), config = [], plugins = [], bootAfter }: NativeOptions = {},
): Promise<NativeProcess> => {
  const network = given ?? (await createErlangNetwork());
  const folder = join(network.folder, node);
  const [port, distPort] = (await findFreePorts(2)) as [number, number];
  const log = join(folder, 'broker.log');
  const processLog = join(folder, 'process.log');

  await mkdir(join(folder, 'mnesia'), { recursive: true });
  await writeFile(join(folder, '.erlang.cookie'), network.cookie, { mode: 0o400 });
  await writeFile(join(folder, 'enabled_plugins'), `[${plugins.join()}].\n`);
  await writeFile(
    join(folder, 'rabbitmq.conf'),
    [
      `listeners.tcp.1 = 127.0.0.1:${port}`,
      'vm_memory_high_watermark.relative = 0.6',
      'disk_free_limit.absolute = 50MB',
      'log.file.level = info',
      ...config,
      '',
    ].join('\n'),
  );

  const env: NodeJS.ProcessEnv = {
    ...network.env,
    HOME: folder,
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
  let broker: TetheredProcess | undefined;
  const signal = (name: 'SIGSTOP' | 'SIGCONT'): void => {
    if (broker?.running) process.kill(broker.pid, name);
  };
  const runProgram = async (program: string, args: readonly string[]): Promise<string> => {
    try {
      const path = join(dirname(installation.ctl), program);
      const { stdout } = await run(path, ['-q', '-n', node, ...args], { env, maxBuffer: 64 << 20 });
      return stdout;
    } catch (cause) {
      const { stderr = '', stdout = '' } = cause as { stderr?: string; stdout?: string };
      throw new TestBrokerError('CONTROL_FAILED', `${program} ${args[0]} failed: ${stderr}${stdout}`, cause);
    }
  };

  return {
    origin: 'installed',
    node,
    host: '127.0.0.1',
    port,
    get running() {
      return broker?.running ?? false;
    },
    async start() {
      if (broker?.running) return;
      await network.start();
      broker = await startTethered(
        installation.server,
        [],
        { ...env, ERL_AFLAGS: preloadFlags(bootAfter) },
        processLog,
      );
    },
    async kill() {
      await broker?.kill();
    },
    ctl: (args) => runProgram('rabbitmqctl', args),
    run: runProgram,
    suspend: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    evaluate: (expression) => control.evaluate(expression),
    async log() {
      const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
      return `${await read(processLog)}\n${await read(log)}`.slice(-4000);
    },
    async remove() {
      await control.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
      if (!given) await network.close();
    },
  };
};
