import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
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

/** With aliases replaced by what they stand for, no file has more values. */
const MAX_VALUES = 500_000;

/** Reads YAML value by value, and collects what is wrong, each with its place. */
export class YamlReader {
  readonly issues: RulesIssue[] = [];
  readonly warnings: RulesIssue[] = [];
  readonly #lines = new LineCounter();
  readonly #document: Document.Parsed;
  readonly #targets = new Map<Node, Node | undefined>();
  #values = 0;

  constructor(text: string) {
    this.#document = parse(text, this.#lines, (message) => this.#add(this.issues, 0, '', message));
    const { errors, warnings } = this.#document;
    // A tag that is unknown is a warning.
    for (const { message, pos } of [...errors, ...warnings]) this.#add(this.issues, pos[0], '', firstLine(message));
    if (this.issues.length === 0) this.#findTargets();
  }

  get root(): Entry {
    const { contents } = this.#document;
    return { key: '', node: this.#resolve(contents ?? undefined), offset: 0 };
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
    list.push({ line: Math.max(line, 1), column: Math.max(col, 1), key, message });
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

/** @param onTooDeep - called if values are nested so deeply that they cannot be read */
const parse = (text: string, lineCounter: LineCounter, onTooDeep: (message: string) => void): Document.Parsed => {
  const options = { lineCounter, uniqueKeys: false, prettyErrors: false, logLevel: 'silent' } as const;
  try {
    return parseDocument(text, options);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    onTooDeep('Values are nested too deeply');
    return parseDocument('', options);
  }
};

const offsetOf = (node: Node | undefined | null): number | undefined => node?.range?.[0];

const firstLine = (text: string): string => text.split('\n', 1)[0]!;

const MAX_SHOWN_CHARACTERS = 60;

/** What a value is, for a message. */
const describe = (node: Node | undefined): string => {
  if (isMap(node) || isPair(node)) return 'a mapping';
  if (isSeq(node)) return 'a list';
  if (!isScalar(node) || node.value === null) return 'nothing';
  if (typeof node.value !== 'string') return `${node.value}`;
  const { value } = node;
  return JSON.stringify(value.length > MAX_SHOWN_CHARACTERS ? `${value.slice(0, MAX_SHOWN_CHARACTERS)}…` : value);
};
