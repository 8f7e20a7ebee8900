import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { needProgram } from '@discogs-extractor/test-broker';
import { expect, it, onTestFinished } from 'vitest';
import { runCli, startCli } from '../kit/cli.js';
import { smallDump, writeDump } from '../kit/dumps.js';

const run = promisify(execFile);
const VERSION = '20260101';

/**
 * Two mounts of one folder by bindfs, which keeps locks within a mount: what two machines have that mount a file system
 * which does not keep locks. Needs root and /dev/fuse.
 */
it('refuses a folder on a file system that keeps locks within each machine, while another one works there', async () => {
  const bindfs = await needProgram('bindfs', 'bindfs');
  const folder = await mkdtemp(join(tmpdir(), 'lock-'));
  const [shared, ...machines] = ['shared', 'a', 'b'].map((name) => join(folder, name)) as [string, string, string];
  for (const path of [shared, ...machines]) await mkdir(path);
  for (const path of machines) await run(bindfs, [shared, path]);
  onTestFinished(async () => {
    for (const path of machines) await run('umount', ['--lazy', path]);
    await rm(folder, { recursive: true, force: true });
  });
  const dumps = join(folder, 'dumps');
  await writeDump(dumps, VERSION, smallDump(5));
  const args = ['run', '--wait-for-lock', '--sink', 'null', '--source', dumps];

  const first = startCli(args, { env: { DISCOGS_ROOT: machines[0]! } });
  await first.says('Next run');
  const second = await runCli([...args, '--once'], { env: { DISCOGS_ROOT: machines[1]! } });
  expect(second).toMatchObject({ status: 1 });
  expect(second.stdout).toContain('"code":"LOCK_UNRELIABLE"');
  expect(second.stdout).toContain(`process ${first.process.pid}, since`);
  expect(first.process.exitCode).toBeNull();

  first.process.kill('SIGKILL');
  await first.ended;
  const third = await runCli([...args, '--once'], { env: { DISCOGS_ROOT: machines[1]! } });
  expect(third).toMatchObject({ status: 0 });
  expect(third.stdout).toContain('nothing to do');
}, 120_000);
