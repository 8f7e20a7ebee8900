// Writes the README's screenshots of the status page: `npm run screenshots`. It delivers a generated dump to a RabbitMQ
// of its own and photographs the page in the middle of the run, in the light and in the dark colour scheme.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { generateDump } from '@discogs-extractor/sample-dumps';
import { startOwnBroker } from '@discogs-extractor/test-broker';
import { launchBrowser } from '../test/kit/browser.js';
import { startService } from '../test/kit/service.js';

const IMAGES = fileURLToPath(new URL('../../../docs/images/', import.meta.url));
/** The first of this month, since the page shows the age of the dump. */
const VERSION = `${new Date().toISOString().slice(0, 7).replace('-', '')}01`;
const VIEWPORT = { width: 1280, height: 800 };

/** Few enough labels and masters that these files are delivered when the others are in the middle. */
const RECORDS = { artists: 400_000, labels: 30_000, masters: 40_000, releases: 300_000 };

/** Points of the chart to wait for, two seconds apart. */
const MIN_CHART_POINTS = 40;

await mkdir(IMAGES, { recursive: true });
const folder = await mkdtemp(join(tmpdir(), 'screenshots-'));
try {
  console.log('Generating a dump …');
  await generateDump({ directory: join(folder, 'dumps'), version: VERSION, seed: 'screenshots', records: RECORDS });
  await using broker = await startOwnBroker();
  await using service = await startService(['--source', join(folder, 'dumps')], {
    DISCOGS_ROOT: join(folder, 'data'),
    AMQP_CONNECTION: broker.url,
    // All four files at the same time, on any machine.
    MAX_WORKERS: '4',
  });
  await using browser = await launchBrowser();
  const page = await browser.newPage({ viewport: VIEWPORT, deviceScaleFactor: 1.25 });
  await page.goto(service.url);
  console.log('Delivering …');
  const line = page.locator('#chart-line');
  while (((await line.getAttribute('d')) ?? '').split('L').length < MIN_CHART_POINTS) await sleep(1000);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: join(IMAGES, `status-page-${colorScheme}.png`), fullPage: true });
  }
  console.log(`The screenshots are in ${IMAGES}`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
