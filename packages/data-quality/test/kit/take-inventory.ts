import type { DataType, Inventory, PathInventory } from '../../src/index.js';

type Counts = { -readonly [Name in keyof PathInventory]: PathInventory[Name] };

/** An element that is open: its path, what it holds so far, and how often it has each child. */
interface OpenElement {
  readonly path: string;
  text: string;
  readonly children: Map<string, number>;
}

const TOKEN = /<\/[^>]+>|<([A-Za-z_0-9]+)((?:\s+[\w]+="[^"]*")*)\s*(\/?)>|[^<]+/g;

/** The inventory of well-formed XML without comments, CDATA and the like, taken apart from the parser. */
export const takeInventory = (dataType: DataType, xml: string): Inventory => {
  const recordName = dataType.slice(0, -1);
  const paths: Record<string, Counts> = {};
  const open: OpenElement[] = [];
  let records = 0;
  let seen = new Set<string>();
  let id = 'unknown';
  const rest: string[] = [];

  const countOne = (path: string): Counts => {
    const first = { number: records, id };
    paths[path] ??= { records: 0, occurrences: 0, maxRepeats: 1, first };
    const entry = paths[path];
    entry.occurrences++;
    if (!seen.has(path)) entry.records++;
    seen.add(path);
    return entry;
  };
  const hold = (entry: Counts, kind: 'text' | 'children' | 'empty'): void => {
    entry[kind] = { count: (entry[kind]?.count ?? 0) + 1, first: entry[kind]?.first ?? { number: records, id } };
  };
  const begin = (name: string, attributes: string): void => {
    const parent = open.at(-1);
    const path = parent === undefined ? name : `${parent.path}/${name}`;
    const entry = countOne(path);
    const repeats = (parent?.children.get(name) ?? 0) + 1;
    parent?.children.set(name, repeats);
    if (repeats > 1) entry.firstRepeated ??= { number: records, id };
    entry.maxRepeats = Math.max(entry.maxRepeats, repeats);
    open.push({ path, text: '', children: new Map() });
    for (const [, attribute, value] of attributes.matchAll(/(\w+)="([^"]*)"/g)) {
      hold(countOne(`${path}/@${attribute}`), value === '' ? 'empty' : 'text');
    }
  };
  const end = (): void => {
    const { path, text, children } = open.pop()!;
    const entry = paths[path]!;
    if (text.trim() !== '') hold(entry, 'text');
    if (children.size > 0) hold(entry, 'children');
    if (text.trim() === '' && children.size === 0) hold(entry, 'empty');
  };

  const body = xml.slice(xml.indexOf('>') + 1, xml.lastIndexOf('<'));
  for (const match of body.matchAll(TOKEN)) {
    const [token, name, attributes = '', selfClosing] = match;
    if (open.length === 0 && name === undefined) continue;
    if (open.length === 0) {
      if (name !== recordName) rest.push(token);
      records++;
      seen = new Set();
      const record = body.slice(match.index, body.indexOf(`</${recordName}>\n`, match.index));
      id =
        /^<\w+[^>]* id="(\d+)"/.exec(record)?.[1] ??
        /^<\w+>\s*(?:<images>.*?<\/images>)?<id>(\d+)/.exec(record)?.[1] ??
        id;
    }
    if (name !== undefined) {
      begin(name, attributes);
      if (selfClosing === '/') end();
    } else if (token.startsWith('</')) {
      end();
    } else {
      open.at(-1)!.text += token;
    }
  }
  if (rest.length > 0) throw new Error(`No ${recordName}: ${rest[0]}`);
  return { dataType, records, paths, uncounted: 0 };
};
