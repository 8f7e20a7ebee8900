import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { makeVersion } from './support/dump.js';
import { contentOf, summaryOf } from './support/setup.js';
import { setUpWeb } from './support/web.js';

const MiB = 1024 * 1024;
const V1 = '20260101';
const ARTISTS = `discogs_${V1}_artists.xml.gz`;

it('resumes where a killed process stopped', async () => {
  const files = makeVersion(V1, 5 * MiB);
  const { server, root, downloader } = await setUpWeb(files);
  server.fault = ({ name }) => (name === ARTISTS ? { kind: 'stall', after: 3.5 * MiB } : undefined);
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', fileURLToPath(new URL('./fixtures/web-download.ts', import.meta.url)), server.url, root],
    { stdio: 'inherit' },
  );
  const exited = once(child, 'exit');
  const part = join(root, `${ARTISTS}.part`);
  const sizeOfPart = async (): Promise<number> => (await stat(part).catch(() => ({ size: 0 }))).size;
  while ((await sizeOfPart()) < 2 * MiB && child.exitCode === null) await setTimeout(20);
  child.kill('SIGKILL');
  expect(await exited).toEqual([null, 'SIGKILL']);
  const kept = await sizeOfPart();
  expect(kept).toBeGreaterThanOrEqual(2 * MiB);

  server.fault = () => undefined;
  await downloader.download({ dataTypes: ['artists'] });
  expect(server.fileRequests.at(-1)).toMatchObject({ name: ARTISTS, from: kept });
  expect(await contentOf(root)).toHaveProperty([ARTISTS], summaryOf(files)[ARTISTS]);
});
