import {
  type DataType,
  type DroppedValue,
  parseRecords,
  type RawArtist,
  type RawLabel,
  type RawMaster,
  type RawRelease,
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
      return toArtist(record as RawArtist, options);
    case 'labels':
      return toLabel(record as RawLabel, options);
    case 'masters':
      return toMaster(record as RawMaster, options);
    case 'releases':
      return toRelease(record as RawRelease, options);
  }
};

/** The record of a dump that contains this XML alone. */
export const recordOf = async (type: DataType, xml: string): Promise<XmlObject> => {
  const source = (async function* () {
    yield Buffer.from(`<${type}>${xml}</${type}>`);
  })();
  for await (const { record } of parseRecords(source, { dataType: type, maxMalformed: 0 })) return record;
  throw new Error(`no record in ${xml}`);
};

/** The typed record, and the values that `onDropped` was called with. */
export const shapeOf = (type: DataType, record: XmlObject): { shape: object; dropped: DroppedValue[] } => {
  const dropped: DroppedValue[] = [];
  return { shape: toShape(type, record, { onDropped: (value) => dropped.push(value) }), dropped };
};

/** Every text, number and boolean in a value, as texts, without the empty ones. */
export const leavesOf = (value: unknown, passOver: (path: string) => boolean = () => false, path = ''): string[] => {
  if (value === undefined || value === null || value === '' || passOver(path)) return [];
  if (Array.isArray(value)) return value.flatMap((one) => leavesOf(one, passOver, path));
  if (typeof value === 'object') {
    return Object.entries(value).flatMap(([name, one]) => leavesOf(one as XmlValue, passOver, `${path}/${name}`));
  }
  return [String(value)];
};
