#!/usr/bin/env node
// `npm run bench:peers`: compares the parser with other parsers, as published, on one dump. docs/benchmarks.md says what
// is compared and how.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setup } from '../../scripts/workspace.mjs';
import { FIGURES_FILE, toJson, writeCharts, writeDocuments } from '../src/documents.mjs';
import { compareWithDiscoQuick, describeRun, detailedTables } from '../src/table.mjs';
import { ROWS } from './rows.mjs';

const USAGE = `Usage: npm run bench:peers -- [options]

  --size MB        XML per data type (default: 200)
  --types LIST     data types, separated by commas (default: releases)
  --rounds N       measurements of which each figure is the median (default: 3)
  --only LIST      words: measures only rows whose names contain one of them, and gunzip alone
  --dump FOLDER    takes the records of the newest real dumps in FOLDER, repeated up to the size
                   (default: generated dumps, which stay in the temporary folder)
  --json FILE      writes the figures
  --chart FOLDER   writes the chart as benchmark-light.svg and benchmark-dark.svg
  --readme         writes figures, tables and charts of README.md and docs/benchmarks.md
`;

/** Real dumps of this size are held in memory while they are repeated. */
const MAX_MEGABYTES = 2000;

const CRATE = fileURLToPath(new URL('../disco-quick', import.meta.url));
const DISCO_QUICK = join(CRATE, 'target/release/disco-quick-peer');

const DATA_TYPES = ['artists', 'labels', 'masters', 'releases'];

/** Ends the process with a message. */
const fail = (message, status) => {
  console.error(message);
  process.exit(status);
};

/** The rows that `--only` names, all without it. */
const rowsOf = (only) => {
  if (only === undefined) return ROWS;
  const words = only.split(',');
  const unknown = words.find((word) => word === '' || !ROWS.some(({ name }) => name.includes(word)));
  if (unknown !== undefined) throw new Error(`--only: no row's name contains "${unknown}"`);
  return ROWS.filter(({ work, name }) => work === 'decompress' || words.some((word) => name.includes(word)));
};

const readOptions = () => {
  try {
    const { values } = parseArgs({
      options: {
        size: { type: 'string', default: '200' },
        types: { type: 'string', default: 'releases' },
        rounds: { type: 'string', default: '3' },
        only: { type: 'string' },
        dump: { type: 'string' },
        json: { type: 'string' },
        chart: { type: 'string' },
        readme: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const size = Number(values.size);
    const rounds = Number(values.rounds);
    const types = values.types.split(',');
    const unknown = types.find((type) => !DATA_TYPES.includes(type));
    if (unknown !== undefined) throw new Error(`--types: ${unknown} is none of ${DATA_TYPES.join(', ')}`);
    if (!(size > 0 && size <= MAX_MEGABYTES))
      throw new Error(`--size: ${values.size} is not from 1 to ${MAX_MEGABYTES}`);
    if (!(Number.isInteger(rounds) && rounds > 0))
      throw new Error(`--rounds: ${values.rounds} is not a positive integer`);
    if (values.only !== undefined && values.readme) throw new Error('--readme needs all rows: leave out --only');
    return { ...values, size, rounds, types, rows: rowsOf(values.only) };
  } catch (error) {
    return fail(`${error.message}\n\n${USAGE}`, 2);
  }
};

/** What a command prints, without its line end. `undefined` if it cannot be run. */
const outputOf = (command, ...args) => {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
};

const buildDiscoQuick = () => {
  const { status } = spawnSync('cargo', ['build', '--release', '--locked', '--target-dir', join(CRATE, 'target')], {
    cwd: CRATE,
    stdio: 'inherit',
  });
  if (status !== 0) fail('cargo could not build tools/peers/disco-quick: its message is above', 1);
};

/** The versions of all runtimes and parsers. */
const readVersions = (rust) => {
  const versions = { node: process.versions.node, rust: rust.split(' ')[1] };
  const lock = readFileSync(join(CRATE, 'Cargo.lock'), 'utf8');
  for (const crate of ['disco-quick', 'quick-xml', 'serde_json']) {
    versions[crate] = new RegExp(`name = "${crate}"\nversion = "(.*)"`).exec(lock)[1];
  }
  for (const name of ['saxes', 'htmlparser2', 'sax', 'fast-xml-parser']) {
    const manifest = new URL(`../node_modules/${name}/package.json`, import.meta.url);
    versions[name] = JSON.parse(readFileSync(manifest, 'utf8')).version;
  }
  return versions;
};

const options = readOptions();
if (options.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
if (outputOf('cargo', '--version') === undefined) {
  fail('bench:peers needs cargo to build disco-quick: install Rust (https://rustup.rs) and check your PATH', 1);
}
const rust = outputOf('rustc', '--version') ?? fail('bench:peers needs rustc: install Rust (https://rustup.rs)', 1);

setup();
buildDiscoQuick();
// It needs what has just been installed and built.
const { compare } = await import('./compare.mjs');

/** The rows. A failure ends the process, with what is at fault. */
const compareAll = async () => {
  try {
    return await compare(options.types, { ...options, discoQuick: DISCO_QUICK });
  } catch (error) {
    return fail(error.message, 1);
  }
};

// A folder that cannot be made is known before minutes of measurements.
if (options.json !== undefined) mkdirSync(dirname(resolve(options.json)), { recursive: true });

const figures = {
  date: new Date().toISOString().slice(0, 10),
  machine: {
    cores: availableParallelism(),
    cpu: cpus()[0].model.trim(),
    system: `${process.platform} ${process.arch}`,
  },
  versions: readVersions(rust),
  dump: options.dump === undefined ? 'generated' : 'real records, repeated',
  megabytes: options.size,
  rounds: options.rounds,
  rows: await compareAll(),
};

const comparison = compareWithDiscoQuick(figures);
console.log([describeRun(figures), detailedTables(figures), ...(comparison === '' ? [] : [comparison])].join('\n\n'));
if (options.json !== undefined) writeFileSync(options.json, toJson(figures));
if (options.chart !== undefined) writeCharts(figures, options.chart);
if (options.readme) {
  writeFileSync(FIGURES_FILE, toJson(figures));
  writeDocuments();
}
