import {
  type ArtistRecord,
  type DataType,
  type LabelRecord,
  type LeftOut,
  type MasterRecord,
  parseRecords,
  type ReleaseRecord,
  type ShapeOptions,
  toArtist,
  toLabel,
  toMaster,
  toRelease,
  type XmlObject,
  type XmlValue,
} from '../../src/index.js';

export const SHAPES: Readonly<Record<DataType, string>> = {
  artists: 'Artist',
  labels: 'Label',
  masters: 'Master',
  releases: 'Release',
};

export const toShape = (type: DataType, record: XmlObject, options?: ShapeOptions): object => {
  switch (type) {
    case 'artists':
      return toArtist(record as ArtistRecord, options);
    case 'labels':
      return toLabel(record as LabelRecord, options);
    case 'masters':
      return toMaster(record as MasterRecord, options);
    case 'releases':
      return toRelease(record as ReleaseRecord, options);
  }
};

/** The only record of a dump that is made of its XML. */
export const recordOf = async (type: DataType, xml: string): Promise<XmlObject> => {
  const source = (async function* () {
    yield Buffer.from(`<${type}>${xml}</${type}>`);
  })();
  for await (const { record } of parseRecords(source, { dataType: type, maxMalformed: 0 })) return record;
  throw new Error(`no record in ${xml}`);
};

/** A record's shape, and what was told while making it. */
export const shapeOf = (type: DataType, record: XmlObject): { shape: object; told: LeftOut[] } => {
  const told: LeftOut[] = [];
  return { shape: toShape(type, record, { onLeftOut: (leftOut) => told.push(leftOut) }), told };
};

/** Every text, number and truth value in it, as texts, the empty ones left out. */
export const leavesOf = (value: unknown, passOver: (path: string) => boolean = () => false, path = ''): string[] => {
  if (value === undefined || value === null || value === '' || passOver(path)) return [];
  if (Array.isArray(value)) return value.flatMap((one) => leavesOf(one, passOver, path));
  if (typeof value === 'object') {
    return Object.entries(value).flatMap(([name, one]) => leavesOf(one as XmlValue, passOver, `${path}/${name}`));
  }
  return [String(value)];
};
