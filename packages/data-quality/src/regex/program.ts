import type { CodePointSet } from './code-point-set.js';
import { ExpressionError } from './expression-error.js';
import type { Look, Node } from './syntax-tree.js';

/** A state of the automaton. `set` states consume a character; the others lead on without one. */
export type State =
  | { readonly kind: 'set'; readonly set: number; readonly next: number }
  | { readonly kind: 'look'; readonly look: Look; readonly next: number }
  | { readonly kind: 'split'; readonly next: readonly number[] }
  | { readonly kind: 'match' };

/** A regular expression as a nondeterministic automaton. */
export interface Program {
  readonly states: readonly State[];
  readonly start: number;
  /** The sets that states refer to, each once. */
  readonly sets: readonly CodePointSet[];
  /** Whether any state looks at the characters around a place. */
  readonly hasLooks: boolean;
  /** Whether it can match at the start of a text only. */
  readonly isAnchored: boolean;
}

/** More states than an expression written by hand has: `(a{100}){100}` has 10,000. */
const MAX_STATES = 20_000;

/** @throws ExpressionError if the automaton is too large */
export const compileProgram = (node: Node): Program => {
  const compiler = new Compiler();
  const start = compiler.compile(node, compiler.add({ kind: 'match' }));
  const { states, sets } = compiler;
  return { states, start, sets, hasLooks: states.some(({ kind }) => kind === 'look'), isAnchored: isAnchored(node) };
};

const isAnchored = (node: Node): boolean => {
  switch (node.kind) {
    case 'look':
      return node.look === 'start';
    case 'concatenation':
      return isAnchored(node.nodes[0]!);
    case 'alternation':
      return node.nodes.every(isAnchored);
    default:
      return false;
  }
};

class Compiler {
  readonly states: State[] = [];
  readonly sets: CodePointSet[] = [];
  readonly #setIndexes = new Map<string, number>();
  #copies = 0;

  add(state: State): number {
    if (this.states.length === MAX_STATES) throw tooLarge();
    return this.states.push(state) - 1;
  }

  /** Returns the state at which a node begins that leads to `next`. */
  compile(node: Node, next: number): number {
    switch (node.kind) {
      case 'empty':
        return next;
      case 'set':
        return this.add({ kind: 'set', set: this.#indexOf(node.set), next });
      case 'look':
        return this.add({ kind: 'look', look: node.look, next });
      case 'concatenation':
        return node.nodes.reduceRight((after, one) => this.compile(one, after), next);
      case 'alternation':
        return this.add({ kind: 'split', next: node.nodes.map((one) => this.compile(one, next)) });
      case 'repetition':
        return this.#repeat(node.node, node.min, node.max, next);
    }
  }

  #repeat(node: Node, min: number, max: number, next: number): number {
    let start = next;
    if (max === Number.POSITIVE_INFINITY) {
      const targets: number[] = [];
      start = this.add({ kind: 'split', next: targets });
      targets.push(this.#copy(node, start), next);
    } else {
      for (let count = min; count < max; count++) {
        start = this.add({ kind: 'split', next: [this.#copy(node, start), next] });
      }
    }
    for (let count = 0; count < min; count++) start = this.#copy(node, start);
    return start;
  }

  /** Copies of nothing take time as well. */
  #copy(node: Node, next: number): number {
    if (++this.#copies > MAX_STATES) throw tooLarge();
    return this.compile(node, next);
  }

  #indexOf(set: CodePointSet): number {
    let index = this.#setIndexes.get(set.key);
    if (index === undefined) {
      index = this.sets.push(set) - 1;
      this.#setIndexes.set(set.key, index);
    }
    return index;
  }
}

const tooLarge = (): ExpressionError =>
  new ExpressionError(`it has more than ${MAX_STATES} states: its repetitions multiply each other`);
