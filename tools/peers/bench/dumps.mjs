// The dumps that are compared on: generated ones, or the records of real ones, repeated up to the size.
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { DEFAULT_DIRECTORY, dumpOf, MB } from '../../../packages/parser/bench/kit.mjs';

/** How much of each dump is compared object by object before the measurements. */
const SAMPLE_BYTES = 4 * MB;

/** The first record begins in these. */
const MAX_PROLOG_BYTES = 4096;

/** Whole records from the start of a gzipped dump, without the root's tags: as many as the first `maxBytes` hold. */
const readBody = async (file, type, maxBytes) => {
  const chunks = [];
  let length = 0;
  for await (const chunk of createReadStream(file).pipe(createGunzip())) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= maxBytes) break;
  }
  const xml = Buffer.concat(chunks);
  const name = type.slice(0, -1);
  const endTag = `</${name}>\n`;
  const start = xml.toString('latin1', 0, MAX_PROLOG_BYTES).search(new RegExp(`<${name}[\\s>]`));
  const end = xml.lastIndexOf(endTag);
  if (start === -1 || end === -1) throw new Error(`${file} does not begin as a dump of ${type}`);
  return xml.subarray(start, end + endTag.length);
};

/** The start of a dump as a whole document. */
export const sampleOf = async (file, type) => `<${type}>\n${await readBody(file, type, SAMPLE_BYTES)}</${type}>\n`;

/** Writes the records of a dump as one gzip stream, again and again until they fill `megabytes`. */
const repeat = async (file, type, megabytes, target) => {
  const body = await readBody(file, type, megabytes * MB);
  const parts = function* () {
    yield `<${type}>\n`;
    for (let bytes = 0; bytes < megabytes * MB; bytes += body.length) yield body;
    yield `</${type}>\n`;
  };
  await pipeline(parts, createGzip(), createWriteStream(`${target}.part`));
  await rename(`${target}.part`, target);
};

/** The dump to compare on: a generated one, or the newest one of the type in `folder`, repeated. Stays on the disk. */
export const prepareDump = async (type, megabytes, folder) => {
  if (folder === undefined) return dumpOf(DEFAULT_DIRECTORY, type, megabytes);
  const name = (await readdir(folder))
    .filter((entry) => entry.endsWith(`_${type}.xml.gz`))
    .sort()
    .at(-1);
  if (name === undefined) throw new Error(`${folder} has no file *_${type}.xml.gz`);
  const directory = join(DEFAULT_DIRECTORY, 'repeated');
  await mkdir(directory, { recursive: true });
  const target = join(directory, name);
  console.error(`repeating the records of ${name} up to ${megabytes} MB ...`);
  await repeat(join(folder, name), type, megabytes, target);
  return target;
};
