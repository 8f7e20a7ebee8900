import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { randomFrom } from '@discogs-extractor/internal/seeded-random';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { deliverMonth, dumpOfMonth, openKillStore } from './kit/deliver-month.js';
import { contentOf } from './kit/dump.js';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'changes-crashes-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

/** Starts a script of `children`; `wrapper` is a command that runs the rest. */
const startChild = (name: string, args: readonly string[], wrapper: readonly string[] = []) => {
  const script = fileURLToPath(new URL(`children/${name}.ts`, import.meta.url));
  const [command, ...rest] = [...wrapper, process.execPath, '--import', 'tsx', script, ...args];
  return spawn(command!, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
};

const KILLS = Number(process.env['KILLS'] ?? 5);
const seed = Number(process.env['KILL_SEED'] ?? Date.now() % 2 ** 31);

test(`a process that is killed in the middle of commits leaves a true store (KILLS=${KILLS} KILL_SEED=${seed})`, {
  timeout: 60_000 + KILLS * 5000,
}, async () => {
  const random = randomFrom(seed);
  let month = 0;
  let committed = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const child = startChild('deliver', [directory, String(seed), String(month)]);
    const closed = once(child, 'close');
    child.stdout.once('data', () => void sleep(random() * 150).then(() => child.kill('SIGKILL')));
    for await (const text of child.stdout.setEncoding('utf8')) {
      month = Number((text as string).trim().split('\n').at(-1));
      committed++;
    }
    expect((await closed)[1]).toBe('SIGKILL');
    expect(committed).toBeGreaterThan(kill);
    // Sometimes the month is never completed.
    if (random() < 0.4) month++;
  }
  const log = await readFile(join(directory, 'log'), 'utf8');
  const consumer = new Map<string, string>();
  const receive = (id: string, sha256: string | undefined): void => {
    if (sha256 === undefined) consumer.delete(id);
    else if (id !== 'unknown') consumer.set(id, sha256);
  };
  for (const line of log.split('\n').slice(0, -1)) {
    const [id, sha256] = JSON.parse(line) as [string, string | null];
    receive(id, sha256 ?? undefined);
  }
  await using store = await openKillStore(directory);
  await deliverMonth(store, seed, month, receive);
  expect(consumer).toEqual(contentOf(dumpOfMonth(seed, month)));
  // Only repeated ids, and records without an id, are sent once more.
  const sent: (string | undefined)[] = [];
  await deliverMonth(store, seed, month, (_, sha256) => sent.push(sha256));
  const expected = dumpOfMonth(seed, month).filter(({ id, sha256 }) => {
    const isKnown = consumer.get(id) === sha256;
    receive(id, sha256);
    return !isKnown;
  });
  expect(sent).toEqual(expected.map(({ sha256 }) => sha256));
});

/** The child runs in a mount namespace where the directory is a file system of 16 MiB. */
test('a full disk is reported, and loses nothing that was committed', async () => {
  const unshare = ['unshare', '--mount', ...(process.getuid?.() === 0 ? [] : ['--map-root-user'])];
  const script = 'mount -t tmpfs -o size=16m tmpfs "$0" && exec "$@"';
  const child = startChild('full-disk', [directory], [...unshare, 'sh', '-c', script, directory]);
  let output = '';
  for await (const text of child.stdout.setEncoding('utf8')) output += text;
  expect(JSON.parse(output)).toEqual({
    ids: true,
    full: 'NO_SPACE ENOSPC',
    afterwards: 'NO_SPACE ENOSPC',
    unopened: 'NO_SPACE ENOSPC',
    unchanged: true,
  });
  expect(existsSync(join(directory, 'filler'))).toBe(false);
});
