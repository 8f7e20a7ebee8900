import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { CHART_FILE, drawChart, readFigures } from '../chart.js';

test('the chart in docs/images shows the figures of docs/benchmarks (if not: npm run chart)', async () => {
  expect(await readFile(CHART_FILE, 'utf8')).toBe(drawChart(await readFigures()));
});
