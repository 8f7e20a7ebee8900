import {
  type CodePointSet,
  complement,
  difference,
  foldAsciiCase,
  foldCase,
  intersection,
  jsClass,
  NO_CODE_POINTS,
  rangeOf,
  single,
  symmetricDifference,
  union,
} from './code-point-set.js';
import { ExpressionError } from './expression-error.js';
import type { Look, Node, WordLook } from './syntax-tree.js';
import { UNICODE_PERL, unicodeClass } from './unicode-class.js';

/*
 * Reads regular expressions as Rust's crate `regex` does (https://docs.rs/regex/latest/regex/#syntax), and refuses what
 * that refuses. It also refuses Unicode's properties that JavaScript does not know.
 */

/** @throws ExpressionError */
export const parseExpression = (pattern: string): Node => new Parser(pattern).parse();

/** As in Rust: deeper expressions are refused. */
const MAX_DEPTH = 250;

interface Flags {
  /** `i`: case does not matter. */
  i: boolean;
  /** `m`: `^` and `$` match at lines. */
  m: boolean;
  /** `s`: `.` matches line feeds. */
  s: boolean;
  /** `R`: lines end in CR LF, CR or LF. */
  R: boolean;
  /** `U`: swaps greedy and lazy, which makes no difference here. */
  U: boolean;
  /** `u`: classes and case are Unicode's. */
  u: boolean;
  /** `x`: white space and comments are ignored. */
  x: boolean;
}

const INITIAL_FLAGS: Flags = { i: false, m: false, s: false, R: false, U: false, u: true, x: false };

const WHITE_SPACE = /\p{White_Space}/u;
const IS_ALPHABETIC = /\p{Alphabetic}/u;
const IS_ALPHANUMERIC = /[\p{Alphabetic}\p{N}]/u;

const ASCII_PERL = { d: jsClass('[0-9]'), s: jsClass('[\\t-\\r ]'), w: jsClass('[0-9A-Za-z_]') } as const;

const ASCII_CLASSES = new Map(
  Object.entries({
    alnum: '[0-9A-Za-z]',
    alpha: '[A-Za-z]',
    ascii: '[\\x00-\\x7f]',
    blank: '[\\t ]',
    cntrl: '[\\x00-\\x1f\\x7f]',
    digit: '[0-9]',
    graph: '[!-~]',
    lower: '[a-z]',
    print: '[ -~]',
    punct: '[!-\\/:-@\\[-`\\{-~]',
    space: '[\\t-\\r ]',
    upper: '[A-Z]',
    word: '[0-9A-Za-z_]',
    xdigit: '[0-9A-Fa-f]',
  }).map(([name, source]) => [name, jsClass(source)] as const),
);

const CONTROL_ESCAPES: Readonly<Record<string, number>> = { a: 0x07, f: 0x0c, t: 0x09, n: 0x0a, r: 0x0d, v: 0x0b };

const LOOK_ESCAPES: Readonly<Record<string, WordLook>> = {
  b: 'word-boundary',
  B: 'not-word-boundary',
  '<': 'word-start',
  '>': 'word-end',
};

const WORD_BOUNDARIES = new Map<string, WordLook>([
  ['start', 'word-start'],
  ['end', 'word-end'],
  ['start-half', 'word-start-half'],
  ['end-half', 'word-end-half'],
]);

const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** A character, or a class that is written as an escape. */
type Primitive =
  /** A byte is written as `\xff`, and is a character with the flag `u`. */
  | { readonly kind: 'character'; readonly codePoint: number; readonly isByte: boolean }
  | { readonly kind: 'class'; readonly set: CodePointSet }
  | { readonly kind: 'look'; readonly look: Look };

class Parser {
  readonly #characters: readonly string[];
  #at = 0;
  #depth = 0;
  #flags: Flags = { ...INITIAL_FLAGS };
  readonly #names = new Set<string>();

  constructor(pattern: string) {
    this.#characters = Array.from(pattern);
  }

  parse(): Node {
    const node = this.#alternation();
    if (this.#at < this.#characters.length) throw this.#error('a ) without a (');
    return node;
  }

  /** Reads up to the end of the group, or of the expression. */
  #alternation(): Node {
    const alternatives: Node[] = [];
    do alternatives.push(this.#concatenation());
    while (this.#take('|'));
    return alternatives.length === 1 ? alternatives[0]! : { kind: 'alternation', nodes: alternatives };
  }

  #concatenation(): Node {
    const nodes: Node[] = [];
    /** Whether an operator has something to repeat: flags are nothing. */
    let isRepeatable = false;
    for (;;) {
      this.#skipSpace();
      const character = this.#peek();
      if (character === undefined || character === '|' || character === ')') break;
      if (character === '*' || character === '+' || character === '?' || character === '{') {
        if (!isRepeatable) throw this.#error(`nothing to repeat before ${character}`);
        nodes.push(this.#repetition(nodes.pop()!));
        continue;
      }
      const node = this.#item();
      isRepeatable = node !== undefined;
      if (node !== undefined) nodes.push(node);
    }
    if (nodes.length === 0) return { kind: 'empty' };
    return nodes.length === 1 ? nodes[0]! : { kind: 'concatenation', nodes };
  }

  /** Reads the operator after a node. Repetitions of repetitions count as nested. */
  #repetition(node: Node): Node {
    let depth = 0;
    for (let inner = node; inner.kind === 'repetition'; inner = inner.node) depth++;
    if (this.#depth + depth >= MAX_DEPTH) throw this.#tooDeep();
    const operator = this.#next();
    let [min, max] = operator === '*' ? [0, Infinity] : operator === '+' ? [1, Infinity] : [0, 1];
    if (operator === '{') {
      [min, max] = this.#counts();
      this.#skipSpace();
    }
    // What makes it lazy.
    this.#take('?');
    return { kind: 'repetition', node, min, max };
  }

  /** Reads `{3}`, `{3,}` and `{3,5}`, in which there may be white space. */
  #counts(): [number, number] {
    this.#skipSpace();
    const min = this.#decimal();
    let max = min;
    if (this.#take(',')) {
      this.#skipSpace();
      max = this.#peek() === '}' ? Infinity : this.#decimal();
    }
    if (this.#peek() === undefined) throw this.#error('a { that is not closed');
    if (!this.#take('}')) throw this.#error('a repetition count that is not {3}, {3,} or {3,5}');
    if (min > max) throw this.#error(`the repetition {${min},${max}}, whose first count is the larger one`);
    return [min, max];
  }

  #decimal(): number {
    let digits = '';
    while (WHITE_SPACE.test(this.#peek() ?? '')) this.#at++;
    while (/^[0-9]$/.test(this.#peek() ?? '')) {
      digits += this.#next();
      this.#skipSpace();
    }
    while (WHITE_SPACE.test(this.#peek() ?? '')) this.#at++;
    if (digits === '') throw this.#error('a repetition count that is not {3}, {3,} or {3,5}');
    if (Number(digits) > 0xffff_ffff) throw this.#error(`the repetition count ${digits}, which is too large`);
    return Number(digits);
  }

  /** Reads what can be repeated; `undefined` for flags. */
  #item(): Node | undefined {
    const character = this.#peek()!;
    if (character === '(') return this.#group();
    if (character === '[') return { kind: 'set', set: this.#bracketedClass() };
    const { i, m, s, R, u } = this.#flags;
    if (character === '.') {
      if (!u) throw this.#invalidUtf8('.');
      this.#at++;
      if (s) return { kind: 'set', set: rangeOf(0, 0x10ffff) };
      return { kind: 'set', set: complement(R ? union([single(0x0a), single(0x0d)]) : single(0x0a)) };
    }
    if (character === '^' || character === '$') {
      this.#at++;
      const side = character === '^' ? 'start' : 'end';
      return { kind: 'look', look: m ? (R ? `crlf-line-${side}` : `line-${side}`) : side };
    }
    const primitive = this.#primitive();
    if (primitive.kind === 'look') return primitive;
    if (primitive.kind === 'class') return { kind: 'set', set: primitive.set };
    const { codePoint, isByte } = primitive;
    if (isByte && !u && codePoint > 0x7f) throw this.#invalidUtf8(`\\x${codePoint.toString(16)}`);
    const set = single(codePoint);
    return { kind: 'set', set: i ? (u ? foldCase(set) : foldAsciiCase(set)) : set };
  }

  #group(): Node | undefined {
    const start = this.#at;
    this.#at++;
    this.#skipSpace();
    for (const look of ['?=', '?!', '?<=', '?<!']) {
      if (this.#startsWith(look)) throw this.#error(`look-around (${look}…), which is not supported`);
    }
    const outer = { ...this.#flags };
    if (this.#takeAll('?P<') || this.#takeAll('?<')) {
      this.#captureName();
    } else if (this.#take('?')) {
      if (this.#peek() === undefined) throw this.#error('a ( that is not closed', start);
      const flags = this.#readFlags();
      const end = this.#next();
      if (end === ')') {
        // `(?)` is an operator without anything to repeat.
        if (flags === undefined) throw this.#error('nothing to repeat before ?');
        Object.assign(this.#flags, flags);
        return undefined;
      }
      Object.assign(this.#flags, flags);
    }
    if (++this.#depth > MAX_DEPTH) throw this.#tooDeep();
    const node = this.#alternation();
    if (!this.#take(')')) throw this.#error('a ( that is not closed', start);
    this.#depth--;
    this.#flags = outer;
    return node;
  }

  #captureName(): void {
    let name = '';
    while (this.#peek() !== undefined && this.#peek() !== '>') {
      const character = this.#next();
      const isValid =
        name === ''
          ? character === '_' || IS_ALPHABETIC.test(character)
          : '_.[]'.includes(character) || IS_ALPHANUMERIC.test(character);
      if (!isValid) throw this.#error(`a group's name that cannot contain ${JSON.stringify(character)} there`);
      name += character;
    }
    if (!this.#take('>')) throw this.#error("a group's name that is not closed");
    if (name === '') throw this.#error('an empty name of a group');
    if (this.#names.has(name)) throw this.#error(`two groups with the name ${JSON.stringify(name)}`);
    this.#names.add(name);
  }

  /** Reads flags up to `:` or `)`; `undefined` if there are none. */
  #readFlags(): Partial<Flags> | undefined {
    const flags: Partial<Flags> = {};
    let isNegated = false;
    let last: string | undefined;
    for (;;) {
      const character = this.#peek();
      if (character === undefined) throw this.#error('flags that are not closed');
      if (character === ':' || character === ')') {
        if (last === '-') throw this.#error('a - without flags after it');
        return last === undefined ? undefined : flags;
      }
      if (character === '-') {
        if (isNegated) throw this.#error('a second - in flags');
        isNegated = true;
      } else if (Object.hasOwn(INITIAL_FLAGS, character)) {
        const flag = character as keyof Flags;
        if (flags[flag] !== undefined) throw this.#error(`the flag ${flag} twice`);
        flags[flag] = !isNegated;
      } else {
        throw this.#error(`the flag ${JSON.stringify(character)}: known are i, m, s, R, U, u and x`);
      }
      last = character;
      this.#at++;
    }
  }

  /** Reads a character or an escape. */
  #primitive(): Primitive {
    if (this.#peek() !== '\\') {
      return { kind: 'character', codePoint: this.#next().codePointAt(0)!, isByte: false };
    }
    this.#at++;
    const letter = this.#peek();
    if (letter === undefined) throw this.#error('an escape that ends too early');
    const character = (codePoint: number, isByte = false): Primitive => ({ kind: 'character', codePoint, isByte });
    if (/^[0-9]$/.test(letter)) throw this.#error(`the back-reference or octal escape \\${letter}`);
    this.#at++;
    if (Object.hasOwn(HEX_DIGITS, letter)) {
      const { codePoint, isBraced } = this.#hex(letter);
      return character(codePoint, letter === 'x' && !isBraced);
    }
    const lower = letter.toLowerCase();
    if (lower === 'p') return { kind: 'class', set: this.#unicodeClass(letter === 'P') };
    if (lower === 'd' || lower === 's' || lower === 'w') {
      const set = this.#flags.u ? UNICODE_PERL[lower] : ASCII_PERL[lower];
      return { kind: 'class', set: letter === lower ? set : this.#negated(set) };
    }
    if (Object.hasOwn(CONTROL_ESCAPES, letter)) return character(CONTROL_ESCAPES[letter]!);
    if (letter === 'A') return { kind: 'look', look: 'start' };
    if (letter === 'z') return { kind: 'look', look: 'end' };
    if (Object.hasOwn(LOOK_ESCAPES, letter)) {
      const look = (letter === 'b' && this.#boundaryName()) || LOOK_ESCAPES[letter]!;
      return { kind: 'look', look: this.#flags.u ? look : `ascii-${look}` };
    }
    if (letter <= '\x7f' && !/[0-9A-Za-z]/.test(letter)) return character(letter.codePointAt(0)!);
    throw this.#error(`the escape \\${letter}`);
  }

  /** Reads the name in `\b{start}`. A brace with anything but a name is a repetition. */
  #boundaryName(): WordLook | undefined {
    if (this.#peek() !== '{') return undefined;
    const start = this.#at;
    this.#at++;
    this.#skipSpace();
    const isNameCharacter = (): boolean => /^[A-Za-z-]$/.test(this.#peek() ?? '');
    if (this.#peek() === undefined) throw this.#error('a { that is not closed');
    if (!isNameCharacter()) {
      this.#at = start;
      return undefined;
    }
    let name = '';
    while (isNameCharacter()) {
      name += this.#next();
      this.#skipSpace();
    }
    const look = WORD_BOUNDARIES.get(name);
    if (!this.#take('}') || look === undefined) {
      throw this.#error(`\\b{${name}: known are ${[...WORD_BOUNDARIES.keys()].join(', ')}`);
    }
    return look;
  }

  #hex(letter: string): { readonly codePoint: number; readonly isBraced: boolean } {
    this.#skipSpace();
    const isBraced = this.#take('{');
    let digits = '';
    while (isBraced ? this.#peek() !== '}' : digits.length < HEX_DIGITS[letter]!) {
      this.#skipSpace();
      const character = this.#peek();
      if (isBraced && character === '}') break;
      if (character === undefined) throw this.#error('an escape that ends too early');
      if (!/^[0-9A-Fa-f]$/.test(character))
        throw this.#error(`a hexadecimal digit, not ${JSON.stringify(character)}`, this.#at, 'expected');
      digits += character;
      this.#at++;
    }
    if (isBraced) this.#at++;
    const codePoint = Number.parseInt(digits, 16);
    if (!(codePoint <= 0x10ffff) || (codePoint >= 0xd800 && codePoint <= 0xdfff)) {
      throw this.#error(`\\${letter}{${digits}}, which is no character`);
    }
    return { codePoint, isBraced };
  }

  #unicodeClass(isNegated: boolean): CodePointSet {
    this.#skipSpace();
    if (!this.#flags.u) throw this.#error('\\p without the flag u');
    let name = this.#peek();
    if (name === undefined || name === '\\') throw this.#error('\\p without a name');
    this.#at++;
    if (name === '{') {
      name = '';
      for (this.#skipSpace(); this.#peek() !== '}'; this.#skipSpace()) {
        if (this.#peek() === undefined) throw this.#error('\\p{ that is not closed');
        name += this.#next();
      }
      this.#at++;
    }
    const set = unicodeClass(name);
    const folded = this.#flags.i ? foldCase(set) : set;
    return isNegated ? complement(folded) : folded;
  }

  /** Reads a class in brackets, and those in it. */
  #bracketedClass(): CodePointSet {
    if (++this.#depth > MAX_DEPTH) throw this.#tooDeep();
    const start = this.#at;
    this.#at++;
    const unclosed = (): ExpressionError => this.#error('a [ that is not closed', start);
    this.#skipSpace();
    const isNegated = this.#take('^');
    this.#skipSpace();
    let items: CodePointSet[] = [];
    while (this.#peek() === '-') {
      items.push(this.#classCharacter('-'));
      this.#at++;
      this.#skipSpace();
    }
    if (items.length === 0 && this.#peek() === ']') {
      items.push(this.#classCharacter(']'));
      this.#at++;
    }
    let combine: ((right: CodePointSet) => CodePointSet) | undefined;
    const operand = (): CodePointSet => {
      const right = items.length === 0 ? NO_CODE_POINTS : union(items);
      return combine === undefined ? right : combine(this.#folded(right));
    };
    for (;;) {
      this.#skipSpace();
      const character = this.#peek();
      if (character === undefined) throw unclosed();
      if (character === ']') break;
      if (character === '[') {
        items.push(this.#asciiClass() ?? this.#bracketedClass());
        continue;
      }
      const operation = this.#startsWith('&&')
        ? intersection
        : this.#startsWith('--')
          ? difference
          : this.#startsWith('~~')
            ? symmetricDifference
            : undefined;
      if (operation === undefined) {
        items.push(this.#classRange(unclosed));
        continue;
      }
      this.#at += 2;
      const left = this.#folded(operand());
      combine = (right) => operation(left, right);
      items = [];
    }
    this.#at++;
    this.#depth--;
    const set = this.#folded(operand());
    return isNegated ? this.#negated(set) : set;
  }

  /** Reads a character, a range or an escape of a class. */
  #classRange(unclosed: () => ExpressionError): CodePointSet {
    const first = this.#primitive();
    this.#skipSpace();
    if (this.#peek() === undefined) throw unclosed();
    const start = this.#at;
    if (this.#take('-')) {
      this.#skipSpace();
      const after = this.#peek();
      if (after === undefined) throw unclosed();
      if (after !== ']' && after !== '-') {
        const last = this.#primitive();
        const [from, to] = [this.#classCodePoint(first), this.#classCodePoint(last)];
        if (from > to) throw this.#error('a range whose first character is the larger one');
        return rangeOf(from, to);
      }
      this.#at = start;
    }
    if (first.kind === 'class') return first.set;
    return single(this.#classCodePoint(first));
  }

  #classCodePoint(primitive: Primitive): number {
    if (primitive.kind === 'look') throw this.#error('an escape that stands for no character, in a class');
    if (primitive.kind === 'class') throw this.#error('a class as the bound of a range');
    const { codePoint, isByte } = primitive;
    if (!this.#flags.u && codePoint > 0x7f) {
      throw isByte
        ? this.#invalidUtf8(`\\x${codePoint.toString(16)}`)
        : this.#error('a character above U+007F in a class without the flag u');
    }
    return codePoint;
  }

  #classCharacter(character: string): CodePointSet {
    return single(character.codePointAt(0)!);
  }

  /** Reads `[:alpha:]`; `undefined` if it is something else, for which it is not an error. */
  #asciiClass(): CodePointSet | undefined {
    const rest = this.#characters.slice(this.#at, this.#at + MAX_ASCII_CLASS_LENGTH).join('');
    const [text, caret, name] = /^\[:(\^?)([a-z]+):\]/.exec(rest) ?? [];
    const set = ASCII_CLASSES.get(name ?? '');
    if (text === undefined || set === undefined) return undefined;
    this.#at += text.length;
    const folded = this.#folded(set);
    return caret === '^' ? this.#negated(folded) : folded;
  }

  #folded(set: CodePointSet): CodePointSet {
    if (!this.#flags.i) return set;
    return this.#flags.u ? foldCase(set) : foldAsciiCase(set);
  }

  #negated(set: CodePointSet): CodePointSet {
    if (!this.#flags.u) throw this.#invalidUtf8('a negated class');
    return complement(set);
  }

  /** Skips what the flag `x` makes insignificant. */
  #skipSpace(): void {
    if (!this.#flags.x) return;
    for (let character = this.#peek(); character !== undefined; character = this.#peek()) {
      if (character === '#') while (this.#peek() !== undefined && this.#next() !== '\n');
      else if (WHITE_SPACE.test(character)) this.#at++;
      else return;
    }
  }

  #peek(): string | undefined {
    return this.#characters[this.#at];
  }

  #next(): string {
    return this.#characters[this.#at++]!;
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }

  #startsWith(text: string): boolean {
    return Array.from(text).every((character, index) => this.#characters[this.#at + index] === character);
  }

  #takeAll(text: string): boolean {
    if (!this.#startsWith(text)) return false;
    this.#at += text.length;
    return true;
  }

  #tooDeep(): ExpressionError {
    return this.#error(`more than ${MAX_DEPTH} levels of groups, classes and repetitions`);
  }

  #invalidUtf8(what: string): ExpressionError {
    return this.#error(`${what} without the flag u, which could match a part of a character`);
  }

  #error(what: string, at = this.#at, verb = 'found'): ExpressionError {
    return new ExpressionError(`${verb} ${what} (at character ${Math.min(at, this.#characters.length) + 1})`);
  }
}

const MAX_ASCII_CLASS_LENGTH = '[:^xdigit:]'.length;
