import type { CodePointSet } from './code-point-set.js';
import type { Program, State } from './program.js';
import type { Look } from './syntax-tree.js';
import { UNICODE_PERL } from './unicode-class.js';

/*
 * Runs an automaton in time that is linear in the text: all states that it can be in are followed at once. Each
 * combination of states that occurs, and what follows it for each kind of character, is computed once and kept.
 */

/** What assertions ask about a character, as bits. */
const IS_WORD = 1;
const IS_ASCII_WORD = 2;
const IS_LINE_FEED = 4;
const IS_CARRIAGE_RETURN = 8;
/** Before the first character, or after the last. */
const IS_EDGE = 16;

/** Code points that no part of the expression tells apart. */
interface CharacterClass {
  readonly index: number;
  /** By set of the program. */
  readonly isIn: readonly boolean[];
  readonly facts: number;
}

/** The states that an automaton can be in after a character. */
interface Combination {
  /** Sorted; what they lead to without a character depends on the next one, because of assertions. */
  readonly states: readonly number[];
  /** About the character before. */
  readonly facts: number;
  /** By the index of a class: `undefined` if not computed yet. */
  readonly next: (Combination | undefined)[];
  readonly isMatch: boolean;
  /** Whether it can match no more. */
  readonly isDead: boolean;
}

/** Beyond this many states in all combinations, they are dropped and computed again. */
const MAX_KEPT_STATES = 500_000;

const ASCII = 128;

/** The class of the end of a text. */
const END = 0;

export class Matcher {
  readonly #program: Program;
  readonly #classes: CharacterClass[] = [];
  readonly #classIndexes = new Map<string, number>();
  readonly #asciiClasses: Int32Array = new Int32Array(ASCII).fill(-1);
  readonly #otherClasses = new Map<number, number>();
  readonly #combinations = new Map<string, Combination>();
  #keptStates = 0;
  #first: Combination;
  readonly #marks: Int32Array;
  #mark = 0;

  constructor(program: Program) {
    this.#program = program;
    this.#marks = new Int32Array(program.states.length);
    this.#classes.push({ index: END, isIn: program.sets.map(() => false), facts: IS_EDGE });
    this.#first = this.#combinationOf([program.start], IS_EDGE);
  }

  /** Whether the expression matches anywhere in a text. */
  matches(text: string): boolean {
    let current = this.#first;
    for (let at = 0; at < text.length; at++) {
      let unit = text.charCodeAt(at);
      let index: number;
      if (unit < ASCII) {
        index = this.#asciiClasses[unit]!;
        if (index < 0) {
          index = this.#classify(unit);
          this.#asciiClasses[unit] = index;
        }
      } else {
        if (unit >= 0xd800 && unit <= 0xdbff) {
          unit = text.codePointAt(at)!;
          if (unit > 0xffff) at++;
        }
        index = this.#classOf(unit);
      }
      current = current.next[index] ?? this.#follow(current, index);
      if (current.isMatch) return true;
      if (current.isDead) return false;
    }
    return (current.next[END] ?? this.#follow(current, END)).isMatch;
  }

  #classOf(codePoint: number): number {
    let index = this.#otherClasses.get(codePoint);
    if (index === undefined) {
      index = this.#classify(codePoint);
      this.#otherClasses.set(codePoint, index);
    }
    return index;
  }

  #classify(codePoint: number): number {
    const { sets, hasLooks } = this.#program;
    const isIn = sets.map(({ has }: CodePointSet) => has(codePoint));
    const facts = hasLooks ? factsOf(codePoint) : 0;
    const key = `${isIn.map(Number).join('')} ${facts}`;
    let index = this.#classIndexes.get(key);
    if (index === undefined) {
      index = this.#classes.length;
      this.#classIndexes.set(key, index);
      this.#classes.push({ index, isIn, facts });
    }
    return index;
  }

  #follow(from: Combination, index: number): Combination {
    const { states, start, isAnchored } = this.#program;
    const { isIn, facts } = this.#classes[index]!;
    const next = new Set<number>();
    let isMatch = false;
    for (const at of this.#reach(from, facts)) {
      const state = states[at]!;
      if (state.kind === 'match') isMatch = true;
      else if (state.kind === 'set' && isIn[state.set]) next.add(state.next);
    }
    // A match can begin at any place.
    if (!isAnchored) next.add(start);
    const to = isMatch
      ? MATCH
      : this.#combinationOf(
          Array.from(next).sort((a, b) => a - b),
          facts,
        );
    from.next[index] = to;
    return to;
  }

  /**
   * Finds the states that consume a character, and the match, that are reached without one: assertions can be decided,
   * since the characters on both sides are known.
   */
  #reach(from: Combination, nextFacts: number): number[] {
    const { states } = this.#program;
    const mark = ++this.#mark;
    const reached: number[] = [];
    const open = [...from.states];
    while (open.length > 0) {
      const at = open.pop()!;
      if (this.#marks[at] === mark) continue;
      this.#marks[at] = mark;
      const state: State = states[at]!;
      if (state.kind === 'split') open.push(...state.next);
      else if (state.kind !== 'look') reached.push(at);
      else if (holds(state.look, from.facts, nextFacts)) open.push(state.next);
    }
    return reached;
  }

  #combinationOf(states: readonly number[], facts: number): Combination {
    const key = `${states.join(' ')}/${facts}`;
    const known = this.#combinations.get(key);
    if (known !== undefined) return known;
    this.#keptStates += states.length + 1;
    if (this.#keptStates > MAX_KEPT_STATES) {
      this.#combinations.clear();
      this.#keptStates = 0;
      this.#first = combination([this.#program.start], IS_EDGE);
    }
    const created = combination(states, facts);
    this.#combinations.set(key, created);
    return created;
  }
}

const combination = (states: readonly number[], facts: number): Combination => ({
  ...{ states, facts },
  next: [],
  isMatch: false,
  isDead: states.length === 0,
});

const MATCH: Combination = { states: [], facts: 0, next: [], isMatch: true, isDead: false };

const factsOf = (codePoint: number): number => {
  const isAsciiWord =
    codePoint < ASCII && (isLetter(codePoint | 0x20) || (codePoint >= 0x30 && codePoint <= 0x39) || codePoint === 0x5f);
  return (
    (isAsciiWord || UNICODE_PERL.w.has(codePoint) ? IS_WORD : 0) |
    (isAsciiWord ? IS_ASCII_WORD : 0) |
    (codePoint === 0x0a ? IS_LINE_FEED : 0) |
    (codePoint === 0x0d ? IS_CARRIAGE_RETURN : 0)
  );
};

const isLetter = (lower: number): boolean => lower >= 0x61 && lower <= 0x7a;

/** Whether an assertion holds between two characters. */
const holds = (look: Look, before: number, after: number): boolean => {
  switch (look) {
    case 'start':
      return (before & IS_EDGE) !== 0;
    case 'end':
      return (after & IS_EDGE) !== 0;
    case 'line-start':
      return (before & (IS_EDGE | IS_LINE_FEED)) !== 0;
    case 'line-end':
      return (after & (IS_EDGE | IS_LINE_FEED)) !== 0;
    // There is no line between CR and LF.
    case 'crlf-line-start':
      return (
        (before & (IS_EDGE | IS_LINE_FEED)) !== 0 ||
        ((before & IS_CARRIAGE_RETURN) !== 0 && (after & IS_LINE_FEED) === 0)
      );
    case 'crlf-line-end':
      return (
        (after & (IS_EDGE | IS_CARRIAGE_RETURN)) !== 0 ||
        ((after & IS_LINE_FEED) !== 0 && (before & IS_CARRIAGE_RETURN) === 0)
      );
    default: {
      const isAscii = look.startsWith('ascii-');
      const bit = isAscii ? IS_ASCII_WORD : IS_WORD;
      const [wasWord, isWord] = [(before & bit) !== 0, (after & bit) !== 0];
      switch (isAscii ? look.slice('ascii-'.length) : look) {
        case 'word-boundary':
          return wasWord !== isWord;
        case 'not-word-boundary':
          return wasWord === isWord;
        case 'word-start':
          return !wasWord && isWord;
        case 'word-end':
          return wasWord && !isWord;
        case 'word-start-half':
          return !wasWord;
        default:
          return !isWord;
      }
    }
  }
};
