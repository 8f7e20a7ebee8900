/**
 * One measurement in a process of its own: `node measure.mjs ROW FILE TYPE WORKERS RECORDS`. Prints one line of JSON.
 *
 * Reading and gunzip are part of every row but `kernel` and `sax`, which take XML from memory.
 */
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import {
  encodeRecords,
  mapRecords,
  PLATFORM_TRANSFORM,
  parseRecords,
  toArtist,
  toLabel,
  toMaster,
  toRelease,
} from '../dist/index.js';

const [row, file, dataType, workers, records] = process.argv.slice(2);

const MIB = 1024 * 1024;

/** How much XML the rows that take it from memory get. */
const IN_MEMORY_BYTES = 64 * MIB;

/** Node's own gunzip at its fastest: large chunks on both sides, and the output is dropped. */
const gunzip = async () => {
  let xmlBytes = 0;
  await pipeline(createReadStream(file, { highWaterMark: MIB }), createGunzip({ chunkSize: MIB }), async (chunks) => {
    for await (const chunk of chunks) xmlBytes += chunk.length;
  });
  return { xmlBytes };
};

const encode = async (options) => {
  const stream = encodeRecords(file, options);
  for await (const block of stream) block.release();
  const { stats } = stream;
  return { xmlBytes: stats.xmlBytes, records: stats.records };
};

const CONVERTERS = { artists: toArtist, labels: toLabel, masters: toMaster, releases: toRelease };

/** Objects, of which nothing is kept. */
const parse = async (options, convert) => {
  const stream = parseRecords(file, { engine: 'fast', workers: Number(workers), dataType, ...options });
  for await (const { record } of stream) convert?.(record);
  const { stats } = stream;
  return { xmlBytes: stats.xmlBytes, records: stats.records };
};

/** Two fields of each type, as many users need no more. */
const FIELDS = {
  artists: ['name', 'aliases.name.@id'],
  labels: ['name', 'sublabels.label.@id'],
  masters: ['title', 'artists.artist.id'],
  releases: ['title', 'labels.label.@name'],
};

/** The first of these fields, taken from each record on the threads. */
const MAPPER = `data:text/javascript,${encodeURIComponent(
  'export const createMapper = (field) => (record) => record[field];',
)}`;

const map = async (options) => {
  const mapper = { module: MAPPER, options: FIELDS[dataType][0] };
  const stream = mapRecords(file, mapper, { engine: 'fast', workers: Number(workers), dataType, ...options });
  for await (const _ of stream);
  const { stats } = stream;
  return { xmlBytes: stats.xmlBytes, records: stats.records };
};

/** The dump's first XML, up to the end of a record. */
const readXml = async () => {
  const chunks = [];
  let length = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: MIB }).pipe(createGunzip({ chunkSize: MIB }))) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= IN_MEMORY_BYTES) break;
  }
  const xml = Buffer.concat(chunks);
  return xml.subarray(0, xml.lastIndexOf(`</${dataType.slice(0, -1)}>\n`));
};

/** The minimum work of a reader built on `sax`: its events in strict mode, ignored. */
const sax = async () => {
  const { default: saxModule } = await import('sax');
  const xml = (await readXml()).subarray(0, IN_MEMORY_BYTES / 2).toString();
  const parser = saxModule.parser(true, { position: false });
  parser.bufferCheckPosition = Number.POSITIVE_INFINITY;
  let events = 0;
  for (const event of ['onopentag', 'onclosetag', 'ontext', 'onattribute']) parser[event] = () => events++;
  return timed(() => {
    for (let at = 0; at < xml.length; at += MIB) parser.write(xml.slice(at, at + MIB));
    return { xmlBytes: Buffer.byteLength(xml), events };
  });
};

/**
 * The kernel alone: canonical JSON of every record, from memory to memory, without hash. Needs `tsx`: it is not
 * exported.
 */
const kernel = async () => {
  const { createKernel } = await import('../src/kernel/kernel.ts');
  const instance = createKernel({ dataType });
  const xml = await readXml();
  const run = (from) => {
    let at = from;
    let count = 0;
    while (at < xml.length) {
      instance.load(xml.subarray(at, at + MIB));
      let offset = 0;
      for (let status = 'full'; status === 'full'; ) {
        const result = instance.run(offset, 'json');
        ({ offset, status } = result);
        count += result.records;
      }
      if (offset === 0) break;
      at += offset;
    }
    return { xmlBytes: at - from, records: count };
  };
  const start = xml.indexOf(`<${dataType.slice(0, -1)}`, 2);
  run(start);
  return timed(() => run(start));
};

const timed = async (work) => {
  const before = process.cpuUsage();
  const start = performance.now();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return { ...result, seconds: (performance.now() - start) / 1000, cpuSeconds: (user + system) / 1e6 };
};

const ROWS = {
  gunzip: () => timed(gunzip),
  fast: () => timed(() => encode({ engine: 'fast', workers: Number(workers) })),
  inventory: () => timed(() => encode({ engine: 'fast', workers: Number(workers), onInventory: () => {} })),
  // What `parse --contract fanout` does.
  platform: () =>
    timed(() =>
      encode({ engine: 'fast', workers: Number(workers), reading: 'platform', transform: PLATFORM_TRANSFORM }),
    ),
  skip: () => timed(() => encode({ engine: 'fast', workers: Number(workers), skip: Number.MAX_SAFE_INTEGER })),
  objects: () => timed(() => parse({})),
  fields: () => timed(() => parse({ fields: FIELDS[dataType] })),
  map: () => timed(() => map({})),
  'map-fields': () => timed(() => map({ fields: FIELDS[dataType] })),
  typed: () => timed(() => parse({}, CONVERTERS[dataType])),
  // The first `records` records are enough.
  strict: () => timed(() => encode({ engine: 'strict', limit: Number(records) })),
  'fast-part': () => timed(() => encode({ engine: 'fast', limit: Number(records) })),
  sax,
  kernel,
};

const result = await ROWS[row]();
process.stdout.write(`${JSON.stringify({ ...result, peakRss: process.resourceUsage().maxRSS * 1024 })}\n`);
