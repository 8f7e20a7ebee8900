import { readFile } from 'node:fs/promises';
import { SaxesParser } from 'saxes';
import { expect, test } from 'vitest';
import { drawChart } from '../src/chart.mjs';
import { documentFiles } from '../src/documents.mjs';
import { compareWithDiscoQuick, detailedTables, summaryTable } from '../src/table.mjs';
import { FIGURES } from './figures.js';

const DELIVERY = {
  records: 40_000,
  rows: [
    { name: 'ours', seconds: 4 },
    { name: 'theirs', seconds: 28 },
  ],
};

interface Drawn {
  readonly bars: { readonly by: string; readonly width: number }[];
  readonly texts: string[];
  readonly description: string;
}

/** Reads a chart as XML; throws unless it is well-formed. */
const readChart = (svg: string): Drawn => {
  const drawn = { bars: [] as Drawn['bars'], texts: [] as string[], description: '' };
  const open: string[] = [];
  const parser = new SaxesParser({ xmlns: false });
  parser.on('opentag', ({ name, attributes }) => {
    open.push(name);
    if (name === 'rect') drawn.bars.push({ by: attributes['class']!, width: Number(attributes['width']) });
    if (name === 'text') drawn.texts.push('');
  });
  parser.on('text', (text) => {
    if (open.includes('text')) drawn.texts[drawn.texts.length - 1] += text;
    if (open.at(-1) === 'desc') drawn.description += text;
  });
  parser.on('closetag', () => open.pop());
  parser.write(svg).close();
  return drawn;
};

test('charts and tables of the documentation show the figures of docs/benchmarks (if not: npm run chart)', async () => {
  for (const [file, content] of documentFiles()) expect(await readFile(file, 'utf8'), file).toBe(content);
});

test('a chart has bars to scale, with values, notes and a description', () => {
  const svg = drawChart(FIGURES, { theme: 'light', delivery: DELIVERY });
  expect(drawChart(FIGURES, { theme: 'light', delivery: DELIVERY })).toBe(svg);
  const { bars, texts, description } = readChart(svg);
  expect(bars).toEqual([
    { by: 'baseline', width: 280 },
    { by: 'ours', width: 56 },
    { by: 'peer', width: 70 },
    { by: 'peer', width: 3 },
    { by: 'ours', width: 140 },
    { by: 'baseline', width: 140 },
    { by: 'ours', width: 28 },
    { by: 'peer', width: 35 },
    { by: 'peer', width: 1 },
    { by: 'ours', width: 70 },
    { by: 'ours', width: 40 },
    { by: 'peer', width: 280 },
  ]);
  for (const value of ['5.0 MB/s, 20.0 times as long (no <hash> & "more")', '250 MB/s (and SHA-256)', '28 s']) {
    expect(texts).toContain(value);
    expect(description).toContain(value);
  }
});

test('a chart shows the types it is asked for, and no delivery without figures', () => {
  const { bars, texts } = readChart(drawChart(FIGURES, { theme: 'light', types: ['labels'] }));
  expect(bars).toHaveLength(5);
  expect(bars[0]?.width).toBe(280);
  expect(texts).not.toContain('releases');
});

test('light and dark charts differ in their colours alone; bars can be told apart without colours', () => {
  const [light, dark] = (['light', 'dark'] as const).map((theme) => drawChart(FIGURES, { theme }));
  const withoutColours = (svg = ''): string => svg.replaceAll(/#[0-9a-f]{6}/g, '');
  expect(light).not.toBe(dark);
  expect(withoutColours(light)).toBe(withoutColours(dark));
  expect(light).toContain('.peer { fill: url(#hatched)');
  expect(light).toContain('.baseline { fill: none;');
});

test('the tables list what each row does and leaves out', () => {
  expect(summaryTable(FIGURES).split('\n')).toEqual([
    '| MB of XML per second | releases | labels |',
    '| --- | ---: | ---: |',
    '| *Decompress the dump* | | |',
    '| gunzip alone: no parsing | 500 | 250 |',
    '| *Make an object of each record* | | |',
    '| **parseRecords**: and SHA-256 | 100 | 50 |',
    '| disco-quick (Rust): no hash | 125 | 63 |',
    '| sax: no <hash> & "more" | 5.0 | 2.5 |',
    '| *Make a line of JSON of each record* | | |',
    '| **encodeRecords, 2 workers**: and SHA-256 | 250 | 125 |',
  ]);
  expect(detailedTables(FIGURES)).toContain('| sax: no <hash> & "more" | 20.00 | 5.0 | 2,500 | 100.00 | 20.00 |');
  expect(compareWithDiscoQuick(FIGURES)).toContain(': 0.50 (releases), 0.50 (labels).');
});
