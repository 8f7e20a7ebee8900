// Runs all rows in turns, each measurement in a process of its own, and takes the medians.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { MB, median } from '../../../packages/parser/bench/kit.mjs';
import { compareObjects } from '../src/compare-objects.mjs';
import { readSample } from '../src/repeat-records.mjs';
import { prepareDump } from './dumps.mjs';

const MEASURE = fileURLToPath(new URL('measure.mjs', import.meta.url));
const COMMAND_LINE = fileURLToPath(new URL('../../../apps/extractor/dist/cli.js', import.meta.url));

/** How much of each dump is compared object by object before the measurements. */
const SAMPLE_BYTES = 4 * MB;

/** Runs a process to its end. Resolves with its standard output, if that is piped, its standard error, and its time. */
const run = async (command, args, output = 'ignore') => {
  const start = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', output, 'pipe'] });
  const closed = once(child, 'close');
  const [stdout, stderr] = await Promise.all([child.stdout === null ? '' : text(child.stdout), text(child.stderr)]);
  const [status] = await closed;
  const seconds = (performance.now() - start) / 1000;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed with status ${status}:\n${stderr}`);
  return { stdout, stderr, seconds };
};

/** How the rows are measured, by kind. Resolves with the `seconds`, and the number of `records` if it is known. */
const measurementsBy = (discoQuick) => ({
  node: async (row, file, type) => JSON.parse((await run(process.execPath, [MEASURE, row, file, type], 'pipe')).stdout),
  'disco-quick': async (mode, file) => JSON.parse((await run(discoQuick, [mode, file])).stderr),
  // Its start is part of it, and its output goes to the null device.
  'command-line': async (command, file) => ({
    seconds: (await run(process.execPath, [COMMAND_LINE, command, file, '--workers', '2'])).seconds,
  }),
});

const compareType = async (type, { rows, discoQuick, size, rounds, dump }) => {
  const file = await prepareDump(type, size, dump);
  const compared = await compareObjects(await readSample(file, type, SAMPLE_BYTES), type);
  console.error(`${type}: all parsers of npm make the same objects of the first ${compared} records`);
  const measurements = measurementsBy(discoQuick);
  const results = rows.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, { name, run: measured }] of rows.entries()) {
      console.error(`${type}, round ${round + 1} of ${rounds}: ${name}`);
      const [kind, argument] = measured;
      results[index].push(await measurements[kind](argument, file, type));
    }
  }
  const typical = results.map(median);
  const { xmlBytes, seconds: gunzipSeconds } = typical[rows.findIndex(({ work }) => work === 'decompress')];
  const { records } = typical.find((result) => result.records !== undefined);
  return rows.map(({ run: _, ...row }, index) => {
    const { seconds, records: found = records } = typical[index];
    if (found !== records) throw new Error(`${row.name} finds ${found} ${type} instead of ${records}`);
    return {
      type,
      ...row,
      seconds: Number(seconds.toFixed(3)),
      megabytesPerSecond: Number((xmlBytes / MB / seconds).toFixed(1)),
      recordsPerSecond: Math.round(records / seconds),
      timeToGunzip: Number((seconds / gunzipSeconds).toFixed(2)),
    };
  });
};

/** The measured `rows` of all types, one type after the other. */
export const compare = async (types, options) => {
  const measured = [];
  for (const type of types) measured.push(...(await compareType(type, options)));
  return measured;
};
