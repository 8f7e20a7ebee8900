import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml';
import type { RulesIssue } from '../errors.js';

/** A value of the file, at a key such as `rules.releases[2].condition`. */
export interface Entry {
  readonly key: string;
  readonly node: Node | undefined;
  /** Where it is in the text; for a value that is missing, where its key is. */
  readonly offset: number;
}

/** A member of a mapping. */
export interface Member extends Entry {
  readonly name: string;
}

/** With aliases replaced by what they stand for, a file may have as many values. */
const MAX_VALUES = 200_000;

/** Reads YAML value by value, and collects what is wrong, each with its place. */
export class YamlReader {
  readonly issues: RulesIssue[] = [];
  readonly warnings: RulesIssue[] = [];
  readonly #lines = new LineCounter();
  readonly #document: Document.Parsed;
  readonly #targets = new Map<Node, Node | undefined>();
  #values = 0;

  constructor(text: string) {
    const deepAt = findDeepNesting(text);
    const options = { lineCounter: this.#lines, uniqueKeys: false, prettyErrors: false, logLevel: 'error' } as const;
    const parsed = deepAt === undefined ? text : text.slice(0, deepAt).replaceAll(/[^\n]/g, '');
    this.#document = withoutStackTraces(() => parseDocument(parsed, options));
    if (deepAt !== undefined) this.#add(this.issues, deepAt, '', 'Values are nested too deeply');
    const { errors, warnings } = this.#document;
    // A tag that is unknown is a warning.
    for (const issue of [...errors, ...warnings]) this.#add(this.issues, issue.pos[0], '', messageOf(issue));
    if (this.issues.length === 0) this.#findTargets();
  }

  /** The file as a whole. */
  get root(): Entry {
    return { key: '', node: this.#document.contents ?? undefined, offset: 0 };
  }

  fail({ offset, key }: Entry, message: string): void {
    this.#add(this.issues, offset, key, message);
  }

  warn({ offset, key }: Entry, message: string): void {
    this.#add(this.warnings, offset, key, message);
  }

  lineOf({ offset }: Entry): number {
    return this.#lines.linePos(offset).line;
  }

  /** Whether there is a value, and not `null`. */
  isPresent({ node }: Entry): boolean {
    return node !== undefined && !(isScalar(node) && node.value === null);
  }

  /**
   * Returns the members of a mapping, in their order; `undefined` if the value is none. Names that are unknown or occur
   * twice are reported and left out.
   *
   * @param what - what its keys are, for messages
   */
  members(entry: Entry, known: readonly string[], what = 'key'): Member[] | undefined {
    const { node } = entry;
    if (!isMap(node)) {
      this.fail(entry, `Must be a mapping with the ${what}s ${known.join(', ')}, got ${describe(node)}`);
      return undefined;
    }
    const members = new Map<string, Member>();
    for (const pair of node.items) {
      const keyNode = this.#resolve(pair.key as Node);
      const offset = offsetOf(pair.key as Node) ?? entry.offset;
      const name = isScalar(keyNode) ? String(keyNode.value) : describe(keyNode);
      const shown = describe(keyNode);
      const key = `${entry.key === '' ? '' : `${entry.key}.`}${known.includes(name) ? name : shown.replaceAll('"', '')}`;
      const earlier = members.get(name);
      if (name === '<<') this.fail({ ...entry, key, offset }, 'Merge keys are not supported: write the members out');
      else if (!known.includes(name)) {
        this.fail({ ...entry, key, offset }, `Unknown ${what} ${shown}; expected one of ${known.join(', ')}`);
      } else if (earlier !== undefined) {
        this.fail(
          { ...entry, key, offset },
          `The ${what} ${shown} occurs twice, first in line ${this.lineOf(earlier)}`,
        );
      } else {
        const value = this.#resolve(pair.value as Node | undefined);
        members.set(name, { name, key, node: value, offset: offsetOf(pair.value as Node | undefined) ?? offset });
      }
    }
    return [...members.values()];
  }

  /** Returns the elements of a list; none if it is `null`, or something else, which is reported. */
  elements(entry: Entry, what: string): Entry[] {
    if (!this.isPresent(entry)) return [];
    const { node, key, offset } = entry;
    if (!isSeq(node)) {
      this.fail(entry, `Must be a list of ${what}, got ${describe(node)}`);
      return [];
    }
    return node.items.map((item, index) => ({
      key: `${key}[${index}]`,
      node: this.#resolve(item as Node),
      offset: offsetOf(item as Node) ?? offset,
    }));
  }

  /** Returns a string, or reports what the value is instead. */
  text(entry: Entry): string | undefined {
    const { node } = entry;
    if (isScalar(node) && typeof node.value === 'string') return node.value;
    const isPlain = isScalar(node) && node.value !== null;
    this.fail(entry, `Must be a string, got ${describe(node)}${isPlain ? ': put it in quotes' : ''}`);
    return undefined;
  }

  /** Returns a number that is accepted, or reports what the value is instead. */
  number(entry: Entry, isAccepted: (value: number) => boolean, expected: string): number | undefined {
    const { node } = entry;
    if (isScalar(node) && typeof node.value === 'number' && isAccepted(node.value)) return node.value;
    this.fail(entry, `Must be ${expected}, got ${describe(node)}`);
    return undefined;
  }

  #add(list: RulesIssue[], offset: number, key: string, message: string): void {
    const { line, col } = this.#lines.linePos(offset);
    const shown = shorten(message, MAX_MESSAGE_CHARACTERS);
    list.push({ line: Math.max(line, 1), column: Math.max(col, 1), key, message: shown });
  }

  /** Finds what each alias stands for: the last anchor of its name before it. */
  #findTargets(): void {
    const anchors = new Map<string, Node>();
    visit(this.#document, {
      Alias: (_, alias) => {
        const target = anchors.get(alias.source);
        this.#targets.set(alias, target);
        if (target === undefined)
          this.#add(this.issues, alias.range![0], '', `There is no anchor &${alias.source} before *${alias.source}`);
      },
      Value: (_, node) => {
        if (node.anchor !== undefined) anchors.set(node.anchor, node);
      },
    });
  }

  #resolve(node: Node | undefined | null): Node | undefined {
    if (++this.#values > MAX_VALUES) throw new TooManyValues();
    return isAlias(node) ? this.#targets.get(node) : (node ?? undefined);
  }
}

/** Thrown for a file that has too many values once its aliases are replaced. */
export class TooManyValues extends Error {
  override readonly message = `Has more than ${MAX_VALUES} values once its aliases are replaced`;
}

/**
 * A file may have an error at each of its characters, and each is an `Error`: most of the time would be taken by their stack
 * traces.
 */
const withoutStackTraces = <T>(work: () => T): T => {
  const { stackTraceLimit } = Error;
  // Does nothing if `Error` is frozen.
  Reflect.set(Error, 'stackTraceLimit', 0);
  try {
    return work();
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
  }
};

/** Rules have five levels. Far deeper values would exhaust the stack, and worse. */
const MAX_LEVELS = 100;
const MAX_INDENT = 1000;

/** Returns where values are nested too deeply, if they are. */
const findDeepNesting = (text: string): number | undefined => {
  let offset = 0;
  let inBrackets = 0;
  let inLine = 0;
  let isLineStart = true;
  for (const lexeme of new Lexer().lex(text)) {
    if (lexeme === '[' || lexeme === '{') inBrackets++;
    else if (lexeme === ']' || lexeme === '}') inBrackets = Math.max(0, inBrackets - 1);
    else if (lexeme === '-' || lexeme === '?' || lexeme === ':') inLine++;
    const isIndent = isLineStart && lexeme.startsWith(' ');
    if (Math.max(inBrackets, inLine) > MAX_LEVELS || (isIndent && lexeme.length > MAX_INDENT)) return offset;
    isLineStart = lexeme.endsWith('\n');
    if (isLineStart || inBrackets > 0) inLine = 0;
    if (!MARKS.has(lexeme)) offset += lexeme.length;
  }
  return undefined;
};

/** Lexemes that stand for nothing in the text. */
const MARKS = new Set(['\u0002', '\u0018', '\u001f']);

const offsetOf = (node: Node | undefined | null): number | undefined => node?.range?.[0];

/** What the YAML library reports. */
const messageOf = ({ code, message }: YAMLError): string =>
  code === 'MULTIPLE_DOCS' ? 'Must be one document, and another one begins here' : message.split('\n', 1)[0]!;

/** Messages quote values, and a value may be as large as the file. */
const MAX_MESSAGE_CHARACTERS = 500;
const MAX_SHOWN_CHARACTERS = 60;

const shorten = (text: string, maxLength: number): string =>
  text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;

/** What a value is, for a message. */
const describe = (node: Node | undefined): string => {
  if (isMap(node) || isPair(node)) return 'a mapping';
  if (isSeq(node)) return 'a list';
  if (!isScalar(node) || node.value === null) return 'nothing';
  if (typeof node.value !== 'string') return `${node.value}`;
  const { value } = node;
  return JSON.stringify(shorten(value, MAX_SHOWN_CHARACTERS));
};
