import { encodeRecords } from '@discogs-extractor/parser';
import { recordXml } from '@discogs-extractor/sample-dumps';
import type { DataType } from '../../src/config/data-type.js';

/**
 * A place in a dump: a record, one without an id, or a malformed one, whose id can be read or not. The same edition of an
 * id has the same content.
 */
export interface Place {
  readonly kind: 'record' | 'without-id' | 'malformed' | 'malformed-without-id';
  readonly id: string;
  readonly edition: number;
}

/** A file's records in their order. Repeated ids are allowed: the last one stands. */
export type MonthFile = readonly Place[];

type Random = () => number;

const ODD_IDS = ['007', '0', '-1', '1e3', 'a b', 'ü & é', '99999999999999999999', '__proto__', 'x'.repeat(300)];

const between = (random: Random, min: number, max: number): number => min + Math.floor(random() * (max - min + 1));

const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random() * items.length)]!;

/** The next month: records changed, reverted, added, removed, replaced in place, repeated, malformed and reordered. */
export const nextMonth = (before: MonthFile, random: Random, size: number): MonthFile => {
  const record = (id: string, edition = between(random, 1, 4)): Place => ({ kind: 'record', id, edition });
  const newId = (): string => (random() < 0.05 ? pick(random, ODD_IDS) : String(between(random, 1, size * 3)));
  const shares = { gone: random() * 0.08, replaced: random() * 0.03, changed: random() * 0.2 };
  const places: Place[] = [];
  for (const place of before) {
    const draw = random();
    if (draw < shares.gone) continue;
    if (draw < shares.gone + shares.replaced) places.push(record(newId()));
    else if (draw < shares.gone + shares.replaced + shares.changed) places.push(record(place.id));
    // What was malformed in one month is a record again in the next one.
    else places.push(place.kind === 'malformed' ? record(place.id, place.edition) : place);
  }
  const insert = (place: Place): void => {
    places.splice(between(random, 0, places.length), 0, place);
  };
  const wanted = Math.floor(size * (0.9 + random() * 0.2));
  while (places.length < wanted) insert(record(newId()));
  // Sometimes the last one is as it was before.
  for (let left = between(random, 0, 5); left > 0; left--) insert(random() < 0.5 ? pick(random, places) : newPlace());
  function newPlace(): Place {
    return record(pick(random, places).id);
  }
  if (random() < 0.4) insert({ kind: 'without-id', id: 'unknown', edition: between(random, 1, 4) });
  if (random() < 0.3) {
    for (let left = between(random, 1, 3); left > 0; left--) {
      const at = between(random, 0, places.length - 1);
      places[at] = { ...places[at]!, kind: 'malformed' };
    }
  }
  if (random() < 0.15) insert({ ...pick(random, places), kind: 'malformed-without-id' });
  const order = random();
  if (order < 0.3) places.sort((one, other) => Number(one.id) - Number(other.id));
  else if (order < 0.5) shuffle(places, random);
  else {
    for (let at = 1; at < places.length; at++) {
      if (random() < 0.05) [places[at - 1], places[at]] = [places[at]!, places[at - 1]!];
    }
  }
  return places;
};

const shuffle = (places: Place[], random: Random): void => {
  for (let at = places.length - 1; at > 0; at--) {
    const other = between(random, 0, at);
    [places[at], places[other]] = [places[other]!, places[at]!];
  }
};

const written = new Map<string, string>();

const escaped = (id: string): string => id.replaceAll('&', '&amp;');

/** A generated record of a few hundred bytes to a few KiB, with another id. */
const xmlOf = (type: DataType, { kind, id, edition }: Place): string => {
  const key = `${type} ${kind} ${edition} ${id}`;
  const known = written.get(key);
  if (known !== undefined) return known;
  // The content depends on the id and the edition.
  let number = edition;
  for (let at = 0; at < id.length; at++) number = (number * 31 + id.charCodeAt(at)) % 5000;
  let xml = recordXml({ type, seed: edition }, number + 1).toString();
  const hasAttribute = type === 'masters' || type === 'releases';
  const own = hasAttribute ? / id="\d+"/ : /<id>\d+<\/id>/;
  const hasId = kind === 'record' || kind === 'malformed';
  const ownId = hasAttribute ? ` id="${escaped(id)}"` : `<id>${escaped(id)}</id>`;
  xml = xml.replace(own, () => (hasId ? ownId : ''));
  if (kind === 'malformed') xml = xml.replace(/<\/\w+>$/, (end) => `<broken>${end}`);
  if (kind === 'malformed-without-id') xml = xml.replace('>', '></broken>');
  written.set(key, xml);
  return xml;
};

export const fileXml = (type: DataType, file: MonthFile): string =>
  `<${type}>\n${file.map((place) => xmlOf(type, place)).join('\n')}\n</${type}>`;

/** What a file says about ids, found without the command line. */
export interface MonthContent {
  /** Records that can be delivered, those without an id included. */
  readonly records: number;
  /** The hash of each id. */
  readonly hashes: ReadonlyMap<string, string>;
  /** All records as `ID HASH`. */
  readonly all: ReadonlySet<string>;
  /** Ids of malformed records. */
  readonly malformed: ReadonlySet<string>;
  readonly hasUnknownMalformed: boolean;
}

/** Whether the id of a malformed record can be read: it is taken as it is written, without references. */
const isReadable = ({ kind, id }: Place): boolean => kind === 'malformed' && !id.includes('&');

/** @throws if the parser finds other ids than were written */
export const contentOf = async (type: DataType, file: MonthFile): Promise<MonthContent> => {
  const ids: string[] = [];
  const hashes = new Map<string, string>();
  const all = new Set<string>();
  const bytes = (async function* () {
    yield Buffer.from(fileXml(type, file));
  })();
  for await (const block of encodeRecords(bytes, { dataType: type, workers: 0 })) {
    for (const { id, sha256 } of block) {
      ids.push(id);
      all.add(`${id} ${sha256}`);
      if (id !== 'unknown') hashes.set(id, sha256);
    }
    block.release();
  }
  const wanted = file.filter(({ kind }) => kind === 'record' || kind === 'without-id').map(({ id }) => id);
  if (JSON.stringify(ids) !== JSON.stringify(wanted)) throw new Error(`The dump of ${type} has not the ids as written`);
  return {
    records: ids.length,
    hashes,
    all,
    malformed: new Set(file.filter(isReadable).map(({ id }) => id)),
    hasUnknownMalformed: file.some((place) => place.kind.startsWith('malformed') && !isReadable(place)),
  };
};
