import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestBroker } from './broker.js';
import { createErlangNetwork } from './erlang-network.js';
import { TestBrokerError } from './errors.js';
import { findOrInstall } from './installation.js';
import { type NativeOptions, type NativeProcess, nativeProcess, uniqueNodeName } from './native-process.js';
import { startOwnedBroker } from './owned-broker.js';
import { withConnection } from './queues.js';
import { until } from './until.js';

/** What {@link startNewCluster} accepts. */
export interface ClusterOptions {
  /** @default 3 */
  readonly nodes?: number | undefined;
  /** Plug-ins that each node has from its start. */
  readonly plugins?: readonly string[] | undefined;
  /** Further lines of each node's rabbitmq.conf. */
  readonly config?: readonly string[] | undefined;
}

/** One node of a cluster. */
export interface ClusterNode extends TestBroker {
  /** Name of the Erlang node, as queues report their leader. */
  readonly name: string;
  /** Runs a program of RabbitMQ, such as `rabbitmq-streams`, for the node, and returns its output. */
  run(program: string, ...args: string[]): Promise<string>;
  /**
   * Puts the node into maintenance, as before an upgrade: closes its client connections, accepts none, and moves the
   * leaders of its queues to other nodes. The program, `rabbitmq-upgrade drain`, takes a second or two to start.
   * @throws TestBrokerError `CONTROL_FAILED`
   */
  drain(): Promise<void>;
  /** Whether that has begun. */
  isInMaintenance(): Promise<boolean>;
  /** Ends maintenance (`rabbitmq-upgrade revive`). */
  revive(): Promise<void>;
  /** Stops the node where it is (SIGSTOP): its connections stay, and nothing responds. */
  suspend(): void;
  resume(): void;
}

/** A RabbitMQ of several nodes on the loopback interface. A minority pauses (`pause_minority`). */
export interface TestCluster extends AsyncDisposable {
  readonly nodes: readonly ClusterNode[];
  /** The URLs of the nodes. */
  readonly urls: readonly string[];
  /** Cuts a node off from all others; clients still reach it. Resolves when every node has noticed. */
  isolate(node: ClusterNode): Promise<void>;
  /** Ends every isolation; resolves when all nodes are members again and accept connections. */
  heal(): Promise<void>;
  /** Returns the name of the node with the leader of a quorum queue or stream; `undefined` while there is none. */
  leaderOf(queue: string): Promise<string | undefined>;
  close(): Promise<void>;
}

const MAX_DRAIN_ATTEMPTS = 5;

/** Three nodes share a machine with tests. */
const SMALL_CONFIG = ['cluster_partition_handling = pause_minority', 'raft.wal_max_size_bytes = 67108864'];

/** Makes a node join the first one, which must have booted: it converts its tables at the end. */
const joining = (first: string, node: string): string[] => [
  'cluster_formation.peer_discovery_backend = classic_config',
  `cluster_formation.classic_config.nodes.1 = ${first}`,
  `cluster_formation.classic_config.nodes.2 = ${node}`,
];

/**
 * Starts a cluster of its own: names, ports, cookie and folders that no other has. It ends with this process, and takes
 * as long as its nodes on the cores of the machine.
 * @throws TestBrokerError `NO_BROKER`, `INSTALL_FAILED`, `START_FAILED`
 */
export const startNewCluster = async (options: ClusterOptions = {}): Promise<TestCluster> => {
  const { nodes: count = 3, plugins = [], config = [] } = options;
  const installation = await findOrInstall();
  if (!installation) {
    throw new TestBrokerError('NO_BROKER', 'A cluster needs an installed RabbitMQ (apt-get install rabbitmq-server)');
  }
  const network = await createErlangNetwork();
  const [first, ...others] = Array.from({ length: count }, uniqueNodeName) as [string, ...string[]];
  const isFirstReady = join(network.folder, 'first-node-is-ready');
  const startNode = async (node: string, options: NativeOptions = {}): Promise<ClusterNode> => {
    const own = [...SMALL_CONFIG, ...config, ...(options.config ?? [])];
    const process = await nativeProcess(installation, { ...options, node, network, plugins, config: own });
    return { ...(await startOwnedBroker(process)), ...controlsOf(process) };
  };
  const starting = [
    // If it fails, the others must not wait for it.
    startNode(first).finally(() => writeFile(isFirstReady, '')),
    ...others.map((node) => startNode(node, { bootAfter: isFirstReady, config: joining(first, node) })),
  ];
  const started = await Promise.allSettled(starting);
  const nodes = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const close = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.close()));
    await network.close();
  };
  const failed = started.find((result) => result.status === 'rejected');
  if (failed) {
    await close();
    throw failed.reason;
  }
  try {
    await untilMembers(nodes);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    nodes,
    urls: nodes.map(({ url }) => url),
    isolate: (node) => isolate(nodes, node),
    heal: () => heal(nodes, network.cookie),
    leaderOf: (queue) => leaderOf(nodes, queue),
    close,
    [Symbol.asyncDispose]: close,
  };
};

const controlsOf = (process: NativeProcess) => ({
  name: process.node,
  run: (program: string, ...args: string[]) => process.run(program, args),
  drain: async (): Promise<void> => {
    for (let attempt = 1; ; attempt++) {
      try {
        await process.run('rabbitmq-upgrade', ['drain']);
        return;
      } catch (error) {
        // RabbitMQ 3.10 crashes in the middle of it if a client disconnects at that moment: an operator repeats it.
        if (attempt === MAX_DRAIN_ATTEMPTS) throw error;
      }
    }
  },
  isInMaintenance: async (): Promise<boolean> =>
    (await process.evaluate('rabbit_maintenance:is_being_drained_local_read(node()).')) === 'true',
  revive: async (): Promise<void> => {
    await process.run('rabbitmq-upgrade', ['revive']);
  },
  suspend: () => process.suspend(),
  resume: () => process.resume(),
});

/** The members of the cluster, in Erlang; the name of the function depends on the version. */
const MEMBERS = `case erlang:function_exported(rabbit_nodes, list_members, 0) of
    true -> rabbit_nodes:list_members();
    false -> rabbit_nodes:all()
  end`;

const untilMembers = async (nodes: readonly ClusterNode[]): Promise<void> => {
  for (const node of nodes) {
    await until(async () => {
      const running = await node
        .evaluate(`length([N || N <- ${MEMBERS}, rpc:call(N, rabbit, is_running, []) =:= true]).`)
        // The application of a node that is about to continue is not started.
        .catch(() => '0');
      return Number(running) === nodes.length && canConnect(node.url);
    });
  }
};

const canConnect = (url: string): Promise<boolean> => withConnection(url, async () => true).catch(() => false);

/** Two nodes connect if each has the cookie for the other that the other has for it. */
const setCookies = async (nodes: readonly ClusterNode[], on: ClusterNode, cookie: string): Promise<void> => {
  const others = nodes.filter((other) => other !== on);
  await Promise.all(others.map(({ name }) => on.evaluate(`erlang:set_cookie('${name}', '${cookie}').`)));
};

const isolate = async (nodes: readonly ClusterNode[], node: ClusterNode): Promise<void> => {
  // On this side alone: with the same other cookie on both, they would connect again.
  await setCookies(nodes, node, 'isolated');
  await node.evaluate(`[erlang:disconnect_node(N) || N <- nodes()].`);
  await until(async () => (await node.evaluate('rabbit:is_running().')) === 'false');
};

const heal = async (nodes: readonly ClusterNode[], cookie: string): Promise<void> => {
  for (const node of nodes) await setCookies(nodes, node, cookie);
  await untilMembers(nodes);
};

const leaderOf = async (nodes: readonly ClusterNode[], queue: string): Promise<string | undefined> => {
  const name = JSON.stringify(queue);
  const expression = `
    {ok, Queue} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<${name}>>)),
    case amqqueue:get_pid(Queue) of
      {Id, _} ->
        case ra:members([{Id, N} || N <- [node() | nodes()]], 2000) of
          {ok, _, {_, Leader}} -> Leader;
          _ -> undefined
        end;
      Pid -> node(Pid)
    end.`;
  for (const node of nodes) {
    const leader = await node.evaluate(expression).catch(() => undefined);
    if (leader !== undefined) return leader === 'undefined' ? undefined : leader.replaceAll("'", '');
  }
  return undefined;
};
