import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateDump } from '@discogs-extractor/sample-dumps';
import { startOwnBroker, startProxy, type TestBroker, until } from '@discogs-extractor/test-broker';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { launchBrowser } from './kit/browser.js';
import { lowContrast } from './kit/contrast.js';
import { smallDump, writeDump } from './kit/dumps.js';
import { freePort, type RunningService, startService } from './kit/service.js';

const VERSION = '20260101';
const TOKEN = 'a token for the test';

/** An existing folder for screenshots, if people are to look at them: each takes a second of processor time. */
const SCREENSHOTS = process.env['PAGE_SCREENSHOTS'];

const takeScreenshot = async (page: Page, name: string): Promise<void> => {
  if (SCREENSHOTS) await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
};

const WIDE = { width: 1100, height: 1000 };
const NARROW = { width: 360, height: 780 };

let base: string;
let folder: string;
let browser: Browser;
let broker: TestBroker;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'page-'));
  [browser, broker] = await Promise.all([
    launchBrowser(),
    startOwnBroker(),
    writeDump(join(base, 'small'), VERSION, {
      ...smallDump(3),
      labels: smallDump(3).labels.replace('<id>2</id>', '<id>2</id><vat>SE1</vat>'),
    }),
    generateDump({ directory: join(base, 'large'), version: VERSION, seed: 'page', records: 4_000 }),
  ]);
}, 600_000);
afterAll(async () => {
  await browser?.close();
  await broker?.close();
  await rm(base, { recursive: true, force: true });
});
beforeEach(async () => {
  folder = await mkdtemp(join(base, 'case-'));
});

/** Opens the page and collects its errors, warnings and requests to other servers: `problems` must stay empty. */
const open = async (url: string, options: BrowserContextOptions = {}): Promise<{ page: Page; problems: string[] }> => {
  const context = await browser.newContext({ viewport: WIDE, ...options });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('request', (request) => {
    if (!/^(http:\/\/127\.0\.0\.1:|data:)/.test(request.url())) problems.push(`requested ${request.url()}`);
  });
  await page.goto(url);
  return { page, problems };
};

const env = (more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  DISCOGS_ROOT: join(folder, 'data'),
  TRIGGER_TOKEN: TOKEN,
  ...more,
});
const startSmall = (more: Readonly<Record<string, string>> = {}): Promise<RunningService> =>
  startService(['--source', join(base, 'small'), '--sink', 'null'], env(more));

const SCHEMES = ['light', 'dark'] as const;

describe('status page', () => {
  it('shows a run in progress, live', async () => {
    // A slow path and a small window make a small dump last long enough, while nothing uses the processor.
    await using proxy = await startProxy(broker);
    proxy.setDelay(20);
    await using service = await startService(
      ['--source', join(base, 'large')],
      env({ AMQP_CONNECTION: broker.urlFor({ port: proxy.port }), MAX_WORKERS: '2', QUEUE_SIZE: '5' }),
    );
    const { page, problems } = await open(service.url, { colorScheme: 'light' });
    await page.getByRole('status').filter({ hasText: 'Extracting' }).waitFor();
    const bars = page.getByRole('progressbar');
    expect(await bars.count()).toBe(4);
    expect(await page.getByRole('progressbar', { name: 'artists' }).count()).toBe(1);

    const delivered = async (): Promise<number> =>
      Number((await page.locator('#confirmed').textContent())!.replaceAll(/\D/g, ''));
    const before = await until(delivered, (records) => records > 0);
    await until(delivered, (records) => records > before);
    await page.locator('#rate').filter({ hasText: /[1-9]/ }).waitFor();
    // Enough points for a visible line.
    await until(
      async () => (await page.locator('#chart-line').getAttribute('d'))!.split('L').length,
      (points) => points > 4,
    );
    expect(await page.title()).toMatch(/^Extracting \d+ % · discogs-extractor$/);
    expect(await page.locator('#chart').getAttribute('role')).toBe('img');
    expect(await page.locator('#chart-text').textContent()).toMatch(/records\/s on average/);

    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme });
      for (const [name, viewport] of Object.entries({ wide: WIDE, narrow: NARROW })) {
        await page.setViewportSize(viewport);
        await takeScreenshot(page, `running-${colorScheme}-${name}`);
        expect(
          await page.evaluate('document.documentElement.scrollWidth - window.innerWidth'),
          name,
        ).toBeLessThanOrEqual(0);
      }
      expect(await page.evaluate(lowContrast), colorScheme).toEqual([]);
    }
    expect(await service.json('/health')).toMatchObject({ extraction_status: 'running' });

    await broker.setMemoryAlarm();
    await page.getByText('the broker blocks publishing').first().waitFor();
    await page.setViewportSize(WIDE);
    await takeScreenshot(page, 'blocked-dark-wide');
    expect(await page.evaluate(lowContrast)).toEqual([]);
    await broker.clearMemoryAlarm();
    expect(problems).toEqual([]);
  });

  it('reports a lost connection, and recovers', async () => {
    const port = String(await freePort());
    const first = await startSmall({ HEALTH_PORT: port });
    const { page } = await open(first.url);
    await page.getByRole('status').filter({ hasText: 'Waiting' }).waitFor();
    await first[Symbol.asyncDispose]();
    const banner = page.getByRole('alert');
    await banner.waitFor();
    expect(await banner.textContent()).toMatch(/^No response from the extractor for \d+ s/);
    expect(await page.title()).toMatch(/^No response/);
    await takeScreenshot(page, 'no-response');
    expect(await page.evaluate(lowContrast)).toEqual([]);

    await using _second = await startSmall({ HEALTH_PORT: port });
    await banner.waitFor({ state: 'hidden' });
    await page.getByRole('status').filter({ hasText: 'Waiting' }).waitFor();
  });

  it('writes names and errors as text, never as markup', async () => {
    const hostile = '<img src=x onerror="window.owned=1"><script>window.owned=1</script>';
    // A missing source whose name does harm if it is taken for markup.
    await using service = await startService(
      [
        '--source',
        join(folder, hostile.replaceAll('/', '∕')),
        '--sink',
        'ndjson',
        '--output',
        join(folder, '<b>bold</b>'),
      ],
      env(),
    );
    await service.reaches('failed');
    const { page, problems } = await open(service.url, { colorScheme: 'light' });
    await page.getByText('Failed, will retry').waitFor();
    await page.getByText('<img src=x onerror="window.owned=1">').first().waitFor();
    await takeScreenshot(page, 'failed-light-wide');
    expect(await page.evaluate(lowContrast)).toEqual([]);
    expect(await page.evaluate('document.querySelectorAll("img, body b").length')).toBe(0);

    // Every text in the response is hostile now.
    await page.route('**/status', async (route) => {
      const status = (await (await route.fetch()).json()) as Record<string, unknown>;
      const file = {
        ...{ data_type: hostile, file: hostile, state: hostile, error: hostile, size_bytes: 10, progress: 0.5 },
        ...{
          downloaded_bytes: 1,
          read_bytes: 1,
          records: 1,
          confirmed: 1,
          malformed: 1,
          undelivered: 2,
          missing: 1,
          delivered_bytes: 1,
          irregularities: { [hostile]: 1 },
          quality: { skipped: 1, flagged: 1, rules: { [hostile]: { severity: hostile, violations: 1, records: 1 } } },
        },
        changes: null,
        ...{ records_per_second: 1, bytes_per_second: 1, seconds_left: 1, last_progress_at: null },
        connection: { condition: hostile, since: hostile, reason: hostile, in_flight: 1 },
      };
      const waiting = {
        ...{ ...file, file: 'b', changes: { published: 5, unchanged: 1995, deleted: 2 } },
        connection: { ...file.connection, condition: 'waiting' },
      };
      await route.fulfill({
        json: {
          ...status,
          ...{ version: hostile, phase: hostile, extraction_status: hostile, files: [file, waiting] },
          sink: { name: hostile, destination: hostile },
          dump: { version: hostile, age_days: 1 },
          extraction_complete: { sent_at: null, withheld_because: [hostile] },
          problems: [{ at: new Date().toISOString(), code: hostile, message: hostile, file: hostile }],
        },
      });
    });
    await page.locator('.file-path').filter({ hasText: hostile }).waitFor();
    await page.getByText(`waiting for the queues of consumers: ${hostile}`).waitFor();
    // The one that is confirmed was left out by rules.
    await page.getByText('0 records delivered').first().waitFor();
    for (const text of ['5 published', '1,995 unchanged', '2 deleted'])
      await page.getByText(text, { exact: true }).waitFor();
    await page.waitForFunction('document.querySelector("#about").textContent.includes("<script>")');
    expect(await page.evaluate('[window.owned, document.querySelectorAll("img, main script").length]')).toEqual([
      undefined,
      0,
    ]);
    expect(problems).toEqual([]);
  });

  it('can be used with the keyboard alone', async () => {
    await using service = await startSmall();
    await service.reaches('waiting');
    const { page } = await open(service.url);
    await page.getByRole('status').filter({ hasText: 'Waiting' }).waitFor();
    const focused = (): Promise<string> => page.evaluate('document.activeElement.textContent.trim()');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Skip to the files');
    await page.keyboard.press('Enter');
    expect(await focused()).toBe('Files');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Check for a dump now');
    const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle');
    expect(outline).not.toBe('none');

    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.type('not the token');
    await page.keyboard.press('Enter');
    await page.getByText('The token is wrong.').waitFor();
    await page.keyboard.press('Control+A');
    await page.keyboard.type(TOKEN);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    expect(await page.getByRole('checkbox').isChecked()).toBe(true);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('Run started.').waitFor();
    await until(
      async () => (await service.request('/metrics')).text(),
      (metrics) => metrics.includes('discogs_extractor_runs_total{outcome="completed"} 2\n'),
    );
  });

  it('says why extraction_complete is not sent, and has no transitions if the user prefers reduced motion', async () => {
    await using service = await startSmall({ CONTRACT: 'fanout', DATA_TYPES: 'labels' });
    const { page } = await open(service.url, { reducedMotion: 'reduce' });
    await page.locator('.fill').first().waitFor({ state: 'attached' });
    expect(await page.evaluate('getComputedStyle(document.querySelector(".fill")).transitionDuration')).toBe('0s');
    await page.getByText('1 deviation from the known format').waitFor();
    await page.getByText('label/vat is new: in 33.3 % of the records, such as record 2, id 2').waitFor();
    await page.getByText(/^extraction_complete is not sent: artists were not delivered; masters/).waitFor();
  });
});
