// The figures, tables and charts of the documentation. `npm run chart` writes tables and charts from the figures.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { drawChart } from './chart.mjs';
import { compareWithDiscoQuick, describeRun, describeVersions, detailedTables, summaryTable } from './table.mjs';

/** @typedef {import('./figures.mjs').Figures} Figures */
/** @typedef {readonly [file: string, content: string]} GeneratedFile */

/** @param {string} relative */
const path = (relative) => fileURLToPath(new URL(`../../../${relative}`, import.meta.url));

/** @param {string} file */
const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

/** What `npm run bench:peers -- --readme` has measured. */
export const FIGURES_FILE = path('docs/benchmarks/parsing.json');
const DELIVERY_FILE = path('docs/benchmarks/delivery.json');

/** The types that the chart of the README shows: the largest file, and the one with the smallest records. */
const README_TYPES = ['releases', 'labels'];

/** @type {readonly import('./chart.mjs').Theme[]} */
const THEMES = ['light', 'dark'];

/** @param {unknown} value */
export const toJson = (value) => `${JSON.stringify(value, null, 2)}\n`;

/**
 * @param {Figures} figures
 * @param {string} folder
 * @param {Omit<Parameters<typeof drawChart>[1], 'theme'>} [options]
 * @returns {GeneratedFile[]}
 */
const chartFiles = (figures, folder, options) =>
  THEMES.map((theme) => [join(folder, `benchmark-${theme}.svg`), drawChart(figures, { theme, ...options })]);

/**
 * Draws the chart of any figures.
 *
 * @param {Figures} figures
 * @param {string} folder
 */
export const writeCharts = (figures, folder) => {
  mkdirSync(folder, { recursive: true });
  for (const [file, content] of chartFiles(figures, folder)) writeFileSync(file, content);
};

const MAX_COLUMNS = 120;

/**
 * A sentence in lines of the house's width.
 *
 * @param {string} sentence
 */
const wrap = (sentence) => sentence.replaceAll(new RegExp(`(.{1,${MAX_COLUMNS}})(?: |$)`, 'g'), '$1\n').trimEnd();

const GENERATED = /(<!-- benchmark:begin[^>]*-->\n)[\s\S]*?(<!-- benchmark:end -->)/;

/**
 * @param {string} file
 * @param {string} text
 * @returns {GeneratedFile}
 */
const insert = (file, text) => {
  const document = readFileSync(file, 'utf8');
  if (!GENERATED.test(document)) throw new Error(`${file} has no place for the benchmark: <!-- benchmark:begin -->`);
  return [file, document.replace(GENERATED, (_all, begin, end) => `${begin}\n${text}\n\n${end}`)];
};

/** All files of the documentation that are made from the figures. */
export const documentFiles = () => {
  /** @type {Figures} */
  const figures = readJson(FIGURES_FILE);
  const run = wrap(describeRun(figures));
  const comparison = wrap(compareWithDiscoQuick(figures));
  return [
    ...chartFiles(figures, path('docs/images'), { types: README_TYPES, delivery: readJson(DELIVERY_FILE) }),
    insert(path('README.md'), [summaryTable(figures), comparison, run].join('\n\n')),
    insert(
      path('docs/benchmarks.md'),
      [run, wrap(describeVersions(figures)), detailedTables(figures), comparison].join('\n\n'),
    ),
  ];
};

export const writeDocuments = () => {
  for (const [file, content] of documentFiles()) writeFileSync(file, content);
};
