/**
 * The parser's benchmark: `node bench/main.mjs [--size MB] [--types a,b] [--rounds N] [--memory] [--dir DIR] [--json
 * FILE]`.
 *
 * Makes a dump per type (once; it is kept in `--dir`), then measures each row in a process of its own, all rows in
 * turns for `--rounds` rounds, and takes each row's median, so that other load affects all rows alike. Ratios are to
 * `gunzip alone` in the same run. Build the package first.
 */
import { execFile } from 'node:child_process';
import { createReadStream, createWriteStream, existsSync, statSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { createGunzip, createGzip, gzipSync } from 'node:zlib';
import { DEFAULT_DIRECTORY, dumpOf, MB, median } from './kit.mjs';

const run = promisify(execFile);
/** How much of a dump the slow rows read. */
const SLOW_MEGABYTES = 24;
const DATA_TYPES = ['artists', 'labels', 'masters', 'releases'];

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '500' },
    types: { type: 'string', default: DATA_TYPES.join(',') },
    rounds: { type: 'string', default: '3' },
    memory: { type: 'boolean', default: false },
    dir: { type: 'string', default: DEFAULT_DIRECTORY },
    json: { type: 'string' },
  },
});

const size = Number(values.size);
const rounds = Number(values.rounds);
const types = values.types.split(',');
if (!(size > 0) || !(rounds > 0) || types.some((type) => !DATA_TYPES.includes(type))) {
  console.error(
    'usage: node bench/main.mjs [--size MB] [--types LIST] [--rounds N] [--memory] [--dir DIR] [--json FILE]',
  );
  process.exit(2);
}

const measureScript = fileURLToPath(new URL('./measure.mjs', import.meta.url));
const packageFolder = fileURLToPath(new URL('..', import.meta.url));

const measure = async (row, file, type, workers = 0, records = 0) => {
  const loader = row === 'kernel' ? ['--import', 'tsx'] : [];
  const args = [...loader, measureScript, row, file, type, String(workers), String(records)];
  const { stdout } = await run(process.execPath, args, { cwd: packageFolder });
  return JSON.parse(stdout);
};

/** A dump of the same records several times over: gzip members in a row are one stream. */
const repeated = async (file, type, times) => {
  const target = join(values.dir, `${type}-x${times}.xml.gz`);
  if (existsSync(target)) return target;
  const members = async function* () {
    yield gzipSync(`<${type}>\n`);
    for (let time = 0; time < times; time++) yield* createReadStream(file);
    yield gzipSync(`</${type}>\n`);
  };
  await pipeline(members, createWriteStream(`${target}.part`));
  await rename(`${target}.part`, target);
  return target;
};

const cores = availableParallelism();

/** Measures the rows of one type in turn; the slow ones on a part of the dump. */
const measureType = async (type) => {
  const file = await dumpOf(values.dir, type, size);
  const { records } = await measure('fast', file, type, 1);
  const part = Math.max(1, Math.ceil(records * Math.min(1, SLOW_MEGABYTES / size)));
  const rows = [
    { name: 'gunzip alone', args: ['gunzip'] },
    { name: 'fast, 1 worker', args: ['fast', 1] },
    { name: `fast, ${cores} workers`, args: ['fast', cores] },
    { name: `fast, ${cores} workers, inventory`, args: ['inventory', cores] },
    { name: `fast, ${cores} workers, platform transform`, args: ['platform', cores] },
    { name: `fast, ${cores} workers, skip to the end`, args: ['skip', cores] },
    { name: 'fast, no worker', args: ['fast', 0] },
    { name: `objects, ${cores} workers`, args: ['objects', cores] },
    { name: 'objects, no worker', args: ['objects', 0] },
    { name: `objects with two fields, ${cores} workers`, args: ['fields', cores] },
    { name: `objects on the threads, ${cores} workers`, args: ['map', cores] },
    { name: `objects with two fields on the threads, ${cores} workers`, args: ['map-fields', cores] },
    { name: `typed objects, ${cores} workers`, args: ['typed', cores] },
    { name: 'fast, no worker, a part', args: ['fast-part', 0, part], part },
    { name: 'strict, no worker, a part', args: ['strict', 0, part], part },
    { name: 'canonical JSON alone (kernel, no hash, no gunzip)', args: ['kernel'] },
    { name: 'sax events alone (no gunzip)', args: ['sax'] },
  ];
  const results = rows.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, { args }] of rows.entries()) {
      const [row, workers, count] = args;
      results[index].push(await measure(row, file, type, workers, count));
    }
  }
  const typical = results.map(median);
  const whole = typical[0].xmlBytes;
  const gunzipRate = whole / typical[0].seconds;
  return rows.map(({ name, part: partRecords }, index) => {
    const result = typical[index];
    // A part's share of the XML, without what was read ahead.
    const xmlBytes = partRecords === undefined ? result.xmlBytes : (whole * partRecords) / records;
    const rate = xmlBytes / result.seconds;
    return {
      type,
      row: name,
      megabytesPerSecond: rate / MB,
      recordsPerSecond: ((xmlBytes / whole) * records) / result.seconds,
      timeToGunzip: gunzipRate / rate,
      cpuSecondsPerGigabyte: result.cpuSeconds / (xmlBytes / 1e9),
      peakMegabytes: result.peakRss / MB,
    };
  });
};

/** A dump's records without the root's tags, so that they can be repeated. */
const withoutRoot = async function* (chunks, type) {
  const start = `<${type.slice(0, -1)} `;
  let held = Buffer.alloc(0);
  let begun = false;
  for await (const chunk of chunks) {
    let bytes = Buffer.concat([held, chunk]);
    if (!begun) bytes = bytes.subarray(bytes.indexOf(start));
    begun = true;
    held = Buffer.from(bytes.subarray(-64));
    yield bytes.subarray(0, -64);
  }
  yield held.subarray(0, held.lastIndexOf(`</${type}>`));
};

const measureMemory = async () => {
  const type = 'releases';
  const file = await dumpOf(values.dir, type, 300);
  const body = join(values.dir, `${type}-body.xml.gz`);
  if (!existsSync(body)) {
    await pipeline(
      createReadStream(file),
      createGunzip({ chunkSize: 1024 * 1024 }),
      (chunks) => withoutRoot(chunks, type),
      createGzip(),
      createWriteStream(`${body}.part`),
    );
    await rename(`${body}.part`, body);
  }
  const rows = [];
  for (const times of [1, 10]) {
    const dump = await repeated(body, type, times);
    const { xmlBytes, peakRss } = await measure('fast', dump, type, 2);
    rows.push({ megabytes: xmlBytes / MB, compressedMegabytes: statSync(dump).size / MB, peakMegabytes: peakRss / MB });
  }
  return rows;
};

const print = (rows) => {
  console.log('| type | what | MB/s | records/s | time ÷ gunzip | CPU s/GB | peak MB |');
  console.log('|---|---|---:|---:|---:|---:|---:|');
  for (const row of rows) {
    const numbers = [
      row.megabytesPerSecond.toFixed(row.megabytesPerSecond < 100 ? 1 : 0),
      Math.round(row.recordsPerSecond).toLocaleString('en'),
      row.timeToGunzip.toFixed(2),
      row.cpuSecondsPerGigabyte.toFixed(2),
      row.peakMegabytes.toFixed(0),
    ];
    console.log(`| ${row.type} | ${row.row} | ${numbers.join(' | ')} |`);
  }
};

const rows = [];
for (const type of types) rows.push(...(await measureType(type)));
console.log(
  `Node ${process.version}, ${cores} cores (${cpus()[0]?.model ?? 'unknown'}), ${size} MB of XML a type, medians of ${rounds} rounds\n`,
);
print(rows);
const memory = values.memory ? await measureMemory() : [];
for (const { megabytes, peakMegabytes } of memory) {
  console.log(`\npeak memory on ${megabytes.toFixed(0)} MB of releases, 2 workers: ${peakMegabytes.toFixed(0)} MB`);
}
if (values.json !== undefined) {
  const report = { node: process.version, cores, megabytes: size, rounds, rows, memory };
  await writeFile(values.json, `${JSON.stringify(report, null, 2)}\n`);
}
