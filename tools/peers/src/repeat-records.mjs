// Dumps of any size with the records of a real one.
import { createReadStream, createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';

/** The first record begins in these. */
const MAX_PROLOG_BYTES = 4096;

/**
 * Whole records from the start of a gzipped dump, without the root's tags: those in the first `maxBytes` of XML, or a
 * little more.
 *
 * @param {string} file
 * @param {string} dataType
 * @param {number} maxBytes
 */
const readRecords = async (file, dataType, maxBytes) => {
  /** @type {Buffer[]} */
  const chunks = [];
  let length = 0;
  for await (const chunk of createReadStream(file).pipe(createGunzip())) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= maxBytes) break;
  }
  const xml = Buffer.concat(chunks);
  const name = dataType.slice(0, -1);
  const endTag = `</${name}>\n`;
  const start = xml.toString('latin1', 0, MAX_PROLOG_BYTES).search(new RegExp(`<${name}[\\s>]`));
  const end = xml.lastIndexOf(endTag);
  if (start === -1 || end === -1) throw new Error(`${file} does not begin as a dump of ${dataType}`);
  return xml.subarray(start, end + endTag.length);
};

/**
 * The first records of a gzipped dump as a whole document.
 *
 * @param {string} file
 * @param {string} dataType
 * @param {number} maxBytes
 */
export const readSample = async (file, dataType, maxBytes) =>
  `<${dataType}>\n${await readRecords(file, dataType, maxBytes)}</${dataType}>\n`;

/**
 * Writes a dump with the first records of another one, repeated until they fill `xmlBytes`, as one gzip stream.
 *
 * @param {string} file
 * @param {string} dataType
 * @param {number} xmlBytes
 * @param {string} target
 */
export const repeatRecords = async (file, dataType, xmlBytes, target) => {
  const records = await readRecords(file, dataType, xmlBytes);
  const parts = function* () {
    yield `<${dataType}>\n`;
    for (let bytes = 0; bytes < xmlBytes; bytes += records.length) yield records;
    yield `</${dataType}>\n`;
  };
  await pipeline(parts, createGzip(), createWriteStream(`${target}.part`));
  await rename(`${target}.part`, target);
};
