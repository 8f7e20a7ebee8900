/**
 * One measurement in a process of its own: `node measure.mjs ROW FILE TYPE`. Prints one line of JSON: the number of
 * records, and the seconds from opening the file to the last record. Loading the modules is not part of it.
 */
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { encodeRecords, mapRecords, parseRecords } from '@discogs-extractor/parser';
import { NODE_PEERS } from '../src/peers.mjs';

const [row, file, dataType] = process.argv.slice(2);
const MIB = 1024 * 1024;

/** Node's own gunzip at its fastest: large chunks on both sides. It runs on a thread of Node's pool. */
const gunzip = () =>
  createReadStream(file, { highWaterMark: MIB })
    .on('error', fail)
    .pipe(createGunzip({ chunkSize: MIB }))
    .on('error', fail);

const fail = (error) => {
  throw error;
};

const encode = async (workers) => {
  const stream = encodeRecords(file, { dataType, workers });
  for await (const block of stream) block.release();
  return { records: stream.stats.records, xmlBytes: stream.stats.xmlBytes };
};

const parse = async (options) => {
  let records = 0;
  for await (const { record } of parseRecords(file, { dataType, ...options })) if (record !== null) records++;
  return { records };
};

/** What a user could want of each record: its name, and the ids or names of something in it. */
const FIELDS = {
  artists: ['name', 'aliases.name.@id'],
  labels: ['name', 'sublabels.label.@id'],
  masters: ['title', 'artists.artist.id'],
  releases: ['title', 'labels.label.@name'],
};
const fields = FIELDS[dataType];

const MAPPER = `data:text/javascript,${encodeURIComponent(
  'export const createMapper = () => (record, { id }) => record && id;',
)}`;

const map = async (options) => {
  let records = 0;
  for await (const id of mapRecords(file, MAPPER, { dataType, ...options })) if (id !== null) records++;
  return { records };
};

const ROWS = {
  gunzip: async () => {
    let xmlBytes = 0;
    for await (const chunk of gunzip()) xmlBytes += chunk.length;
    return { xmlBytes };
  },
  'encode-2': () => encode(2),
  'encode-0': () => encode(0),
  'parse-2': () => parse({ workers: 2 }),
  'parse-0': () => parse({ workers: 0 }),
  'map-2': () => map({ workers: 2 }),
  'fields-2': () => parse({ workers: 2, fields }),
  'map-fields-2': () => map({ workers: 2, fields }),
};

const runPeer = async () => {
  let records = 0;
  const peer = NODE_PEERS[row](() => records++, dataType);
  for await (const xml of gunzip().setEncoding('utf8')) peer.write(xml);
  peer.end();
  return { records };
};

const start = performance.now();
const result = await (ROWS[row] ?? runPeer)();
process.stdout.write(`${JSON.stringify({ ...result, seconds: (performance.now() - start) / 1000 })}\n`);
