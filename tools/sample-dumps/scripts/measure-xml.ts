import { gzipSync } from 'node:zlib';
import sax from 'sax';

/** The quantiles of a list of numbers. */
export interface Spread {
  count: number;
  mean: number;
  p50: number;
  p90: number;
  p99: number;
  max: number;
}

/** The statistics of one path below the record element, such as `release/tracklist/track`. */
export interface PathStatistics {
  /** Elements at this path. */
  elements: number;
  /** Share of the parents that have at least one. */
  presence: number;
  /** Number of elements in a parent that has any. */
  perParent: Spread;
  /** Share of the elements without attributes, children and text. */
  empty: number;
  /** Share of the elements with only white space, and no children. */
  blank: number;
  /** Characters of text, with entities decoded, in elements that have any. */
  text: Spread;
  /** Share of the elements that have the attribute, and the length of its value. */
  attributes: Record<string, { presence: number; empty: number; length: Spread }>;
}

/** The statistics of one dump. */
export interface DumpStatistics {
  records: number;
  xmlBytes: number;
  bytesPerRecord: Spread;
  gzipRatio: number;
  /** Occurrences per KiB of XML: the named entities, decimal references by kind, newline forms. */
  perKiB: Record<string, number>;
  /** Share of all elements written `<name/>`. */
  selfClosed: number;
  paths: Record<string, PathStatistics>;
  /** Attribute names in the order found, for each path, with their share of the elements. */
  attributeSets: Record<string, Record<string, number>>;
}

export const spread = (values: number[]): Spread => {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const sum = sorted.reduce((total, value) => total + value, 0);
  return {
    count: sorted.length,
    mean: sorted.length === 0 ? 0 : sum / sorted.length,
    p50: at(0.5),
    p90: at(0.9),
    p99: at(0.99),
    max: sorted.at(-1) ?? 0,
  };
};

interface OpenElement {
  path: string;
  text: string;
  attributes: number;
  children: Map<string, number>;
}

interface PathTally {
  elements: number;
  empty: number;
  blank: number;
  counts: number[];
  lengths: number[];
  attributes: Map<string, { empty: number; lengths: number[] }>;
}

const RAW_COUNTS: Record<string, RegExp> = {
  '&amp;': /&amp;/g,
  '&lt;': /&lt;/g,
  '&gt;': /&gt;/g,
  '&quot;': /&quot;/g,
  '&apos;': /&apos;/g,
  '&#13;': /&#13;/g,
  'other &#N;': /&#(?!13;)\d+;/g,
  '&#x;': /&#x[0-9A-Fa-f]+;/g,
  'LF inside records': /(?<!>)\n|\n(?!<)/g,
  'non-ASCII': /[^\0-\x7f]+/g,
  'markup in text [': /\[[alrm]\d*[=\d]|\[url/g,
};

/** Measures a well-formed dump of at most some ten megabytes. */
export function measureXml(xml: string): DumpStatistics {
  const tallies = new Map<string, PathTally>();
  const attributeSets = new Map<string, Map<string, number>>();
  const parser = sax.parser(true, { trim: false, normalize: false });
  const stack: OpenElement[] = [];
  const recordSizes: number[] = [];
  let records = 0;
  let elements = 0;
  let recordStart = 0;

  const tallyOf = (path: string): PathTally => {
    let tally = tallies.get(path);
    if (tally === undefined) {
      tally = { elements: 0, empty: 0, blank: 0, counts: [], lengths: [], attributes: new Map() };
      tallies.set(path, tally);
    }
    return tally;
  };
  parser.onerror = (error) => {
    throw error;
  };
  parser.onopentag = (tag) => {
    elements++;
    const parent = stack.at(-1);
    if (parent !== undefined) parent.children.set(tag.name, (parent.children.get(tag.name) ?? 0) + 1);
    if (stack.length === 1) recordStart = parser.startTagPosition - 1;
    const path = parent === undefined || stack.length === 1 ? tag.name : `${parent.path}/${tag.name}`;
    const names = Object.keys(tag.attributes);
    stack.push({ path, text: '', attributes: names.length, children: new Map() });
    if (stack.length === 1) return;
    const tally = tallyOf(path);
    tally.elements++;
    for (const name of names) {
      const value = tag.attributes[name] as string;
      let attribute = tally.attributes.get(name);
      if (attribute === undefined) {
        attribute = { empty: 0, lengths: [] };
        tally.attributes.set(name, attribute);
      }
      if (value === '') attribute.empty++;
      attribute.lengths.push(value.length);
    }
    if (names.length > 0) {
      const sets = attributeSets.get(path) ?? new Map<string, number>();
      const key = names.join(' ');
      sets.set(key, (sets.get(key) ?? 0) + 1);
      attributeSets.set(path, sets);
    }
  };
  parser.ontext = (text) => {
    const open = stack.at(-1);
    if (open !== undefined) open.text += text;
  };
  parser.onclosetag = () => {
    const closed = stack.pop() as OpenElement;
    if (stack.length === 0) return;
    if (stack.length === 1) {
      records++;
      recordSizes.push(parser.position - recordStart);
    }
    const tally = tallyOf(closed.path);
    if (closed.children.size === 0) {
      if (closed.text === '') {
        if (closed.attributes === 0) tally.empty++;
      } else if (closed.text.trim() === '') tally.blank++;
    }
    if (closed.text !== '') tally.lengths.push(closed.text.length);
    for (const [name, count] of closed.children) tallyOf(`${closed.path}/${name}`).counts.push(count);
  };
  parser.write(xml).close();

  const xmlBytes = Buffer.byteLength(xml);
  const perKiB: Record<string, number> = {};
  for (const [name, pattern] of Object.entries(RAW_COUNTS)) {
    perKiB[name] = ((xml.match(pattern)?.length ?? 0) * 1024) / xmlBytes;
  }
  const paths: Record<string, PathStatistics> = {};
  for (const path of [...tallies.keys()].sort()) {
    const tally = tallyOf(path);
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    const attributes: PathStatistics['attributes'] = {};
    for (const [name, { empty, lengths }] of tally.attributes) {
      attributes[name] = {
        presence: lengths.length / tally.elements,
        empty: empty / lengths.length,
        length: spread(lengths),
      };
    }
    paths[path] = {
      elements: tally.elements,
      presence: parent === '' ? 1 : tally.counts.length / tallyOf(parent).elements,
      perParent: spread(tally.counts),
      empty: tally.empty / tally.elements,
      blank: tally.blank / tally.elements,
      text: spread(tally.lengths),
      attributes,
    };
  }
  const sets: DumpStatistics['attributeSets'] = {};
  for (const [path, counts] of attributeSets) {
    sets[path] = Object.fromEntries(
      [...counts].map(([key, count]) => [key, count / (tallies.get(path)?.elements ?? 1)]),
    );
  }
  return {
    records,
    xmlBytes,
    bytesPerRecord: spread(recordSizes),
    gzipRatio: xmlBytes / gzipSync(xml, { level: 6 }).length,
    perKiB,
    selfClosed: (xml.match(/\/>/g)?.length ?? 0) / elements,
    paths,
    attributeSets: sets,
  };
}
