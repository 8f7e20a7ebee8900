import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { DATA_TYPES, type DataType } from '../../src/config/data-type.js';

export const dumpFile = (version: string, type: DataType): string => `discogs_${version}_${type}.xml.gz`;

const checksumLine = (bytes: Uint8Array, name: string): string =>
  `${createHash('sha256').update(bytes).digest('hex')} *${name}\n`;

/** Writes a dump whose files hold the given bytes (XML text is gzipped), with a CHECKSUM file that fits. */
export const writeDump = async (
  directory: string,
  version: string,
  contents: Readonly<Record<DataType, string | Uint8Array>>,
): Promise<void> => {
  await mkdir(directory, { recursive: true });
  let checksums = '';
  for (const type of DATA_TYPES) {
    const content = contents[type];
    const bytes = typeof content === 'string' ? gzipSync(content) : content;
    checksums += checksumLine(bytes, dumpFile(version, type));
    await writeFile(join(directory, dumpFile(version, type)), bytes);
  }
  await writeFile(join(directory, `discogs_${version}_CHECKSUM.txt`), checksums);
};

/** A small healthy dump's XML, `count` records of each type. */
export const smallDump = (count: number): Record<DataType, string> =>
  Object.fromEntries(
    DATA_TYPES.map((type) => {
      const name = type.slice(0, -1);
      const record = (number: number): string =>
        type === 'masters' || type === 'releases'
          ? `<${name} id="${number}"><title>T &amp; ${number}</title></${name}>`
          : `<${name}><id>${number}</id><name>N &#228; ${number}</name></${name}>`;
      const records = Array.from({ length: count }, (_, index) => record(index + 1));
      return [type, `<${type}>\n${records.join('\n')}\n</${type}>`];
    }),
  ) as Record<DataType, string>;

export const readXml = async (path: string): Promise<string> => gunzipSync(await readFile(path)).toString();

/** The value with the keys of every object in the order of their UTF-8 bytes. */
const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]): [string, unknown] => [key, sorted(inner)]);
  return Object.fromEntries(entries.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
};

/**
 * The fault of a line of NDJSON as a message of its type: not canonical, or with the hash of another record. Computed
 * from the line alone; `undefined` if there is no fault.
 */
export const faultOf = (line: string, type: DataType): string | undefined => {
  const { type: kind, id, sha256, ...rest } = JSON.parse(line) as Record<string, unknown>;
  if (kind !== 'data') return `type is ${String(kind)}`;
  const message = JSON.stringify({ type: kind, id, sha256, ...(sorted(rest) as object) });
  if (message !== line) return 'the message is not canonical';
  const withId = type === 'masters' || type === 'releases' ? { ...rest, id: rest['@id'] } : { ...rest, id };
  const hash = createHash('sha256')
    .update(JSON.stringify(sorted(withId)))
    .digest('hex');
  return hash === sha256 ? undefined : 'the hash is not that of the record';
};
