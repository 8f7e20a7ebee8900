/**
 * The benchmark of rules: `node bench/bench.mjs [--size MB] [--types a,b] [--rounds N] [--dir DIR] [--json FILE]`.
 *
 * Reads generated dumps with two workers: with and without rules, in either form of the records, all in turns, and takes
 * the medians. Build the packages first.
 */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { encodeRecords, PLATFORM_TRANSFORM } from '@discogs-extractor/parser';
import { DEFAULT_DIRECTORY, dumpOf, median } from '../../parser/bench/kit.mjs';
import { createRulesTransform, readRules } from '../dist/index.js';

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '200' },
    types: { type: 'string', default: 'artists,labels,masters,releases' },
    rounds: { type: 'string', default: '3' },
    dir: { type: 'string', default: DEFAULT_DIRECTORY },
    json: { type: 'string' },
  },
});

const { rules } = await readRules(fileURLToPath(new URL('platform-rules.yaml', import.meta.url)));

/** A transform that changes nothing: what any transform costs. */
const NOTHING = {
  module: `data:text/javascript,${encodeURIComponent(
    "export const createTransform = () => ({ fields: ['title'], transform: (_, { unchanged }) => unchanged });",
  )}`,
};

const ROWS = {
  'no transform': { reading: 'xmltodict' },
  'a transform that does nothing': { reading: 'xmltodict', transform: NOTHING },
  rules: { reading: 'xmltodict', transform: createRulesTransform(rules, { addedId: true }) },
  'the platform’s form': { reading: 'platform', transform: PLATFORM_TRANSFORM },
  'rules, the platform’s form': { reading: 'platform', transform: [createRulesTransform(rules), PLATFORM_TRANSFORM] },
};

/** What each row is compared with. */
const BASELINES = [
  ['rules', 'no transform'],
  ['rules', 'a transform that does nothing'],
  ['rules, the platform’s form', 'the platform’s form'],
];

const measure = async (file, options) => {
  const start = performance.now();
  const blocks = encodeRecords(file, { ...options, workers: 2 });
  for await (const block of blocks) block.release();
  return { seconds: (performance.now() - start) / 1000, records: blocks.stats.records };
};

const results = [];
for (const type of values.types.split(',')) {
  const file = await dumpOf(values.dir, type, Number(values.size));
  const measured = Object.fromEntries(Object.keys(ROWS).map((name) => [name, []]));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [name, options] of Object.entries(ROWS)) measured[name].push(await measure(file, options));
  }
  console.log(`\n${type}`);
  for (const name of Object.keys(ROWS)) {
    const { seconds, records } = median(measured[name]);
    console.log(`  ${name.padEnd(32)} ${(records / seconds / 1000).toFixed(0).padStart(6)} thousand records/s`);
    results.push({ type, name, seconds, records });
  }
  for (const [name, baseline] of BASELINES) {
    const ratio = median(measured[baseline]).seconds / median(measured[name]).seconds;
    console.log(`  speed of ${name} ÷ ${baseline}: ${ratio.toFixed(2)}`);
  }
}
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(results, null, 2)}\n`);
