import type { BrokerNode } from '../resolve-options.js';

/**
 * The order in which the nodes of a broker are tried: round after round, each in random order, so that the clients of a
 * node that dies spread over the others.
 */
export class NodeRotation {
  readonly #nodes: readonly BrokerNode[];
  /** The nodes that this round has not tried. */
  #left: BrokerNode[];

  constructor(nodes: readonly BrokerNode[]) {
    this.#nodes = nodes;
    this.#left = shuffled(nodes);
  }

  /** Whether every node has been tried in this round. */
  get isRoundOver(): boolean {
    return this.#left.length === 0;
  }

  /** The next node of this round, or the first of a new one. */
  take(): BrokerNode {
    if (this.isRoundOver) this.#left = shuffled(this.#nodes);
    return this.#left.pop() as BrokerNode;
  }

  /** Begins a new round with the nodes other than this one, to which a connection was lost. */
  leave(node: BrokerNode): void {
    this.#left = shuffled(this.#nodes.filter((other) => other !== node));
  }
}

/** Fisher and Yates. */
const shuffled = <T>(items: readonly T[]): T[] => {
  const shuffling = [...items];
  for (let last = shuffling.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1));
    [shuffling[last], shuffling[other]] = [shuffling[other] as T, shuffling[last] as T];
  }
  return shuffling;
};
