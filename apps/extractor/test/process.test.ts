import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { generateDump } from '@discogs-extractor/sample-dumps';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startCli } from './kit/cli.js';
import { dumpFile } from './kit/dumps.js';

const VERSION = '20260101';
const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));

let base: string;
let dumps: string;
let root: string;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'process-'));
  dumps = join(base, 'dumps');
  await generateDump({ directory: dumps, version: VERSION, seed: 31, records: 1000 });
});
afterAll(() => rm(base, { recursive: true, force: true }));
beforeEach(async () => {
  root = await mkdtemp(join(base, 'data-'));
});

/** No port and no broker: nothing of the machine's is in the way. */
const env = (): Record<string, string> => ({ DISCOGS_ROOT: root, SINK: 'null', HEALTH_PORT: 'off' });

describe('output whose reader exits', () => {
  const shell = promisify(execFile);
  const node = `'${process.execPath}' '${CLI}'`;

  it.each([
    ['run --help', 'head -n 1', 'Usage: discogs-extractor run [options]\n'],
    ['status --json', 'true', ''],
    ['parse $DUMP', 'head -n 1', /^\{"type":"data","id":"\d+".*\}\n$/],
    ['parse $DUMP --workers 0', 'true', ''],
    ['run --source $DUMPS', 'head -n 1', /^\{"level":"INFO".*\}\n$/],
  ])('%s | %s ends quietly, with status 0', async (args, reader, output) => {
    const command = `{ ${node} ${args}; echo "status $?" >&2; } | ${reader}`;
    const { stdout, stderr } = await shell('/bin/sh', ['-c', command], {
      env: { PATH: process.env['PATH'], ...env(), DUMPS: dumps, DUMP: join(dumps, dumpFile(VERSION, 'releases')) },
      maxBuffer: 64 << 20,
    });
    expect(stderr).toBe('status 0\n');
    expect(stdout).toEqual(typeof output === 'string' ? output : expect.stringMatching(output));
  });

  it('is not confused with a full disk, which is a failure', async () => {
    for (const args of ['--help', `parse '${join(dumps, dumpFile(VERSION, 'labels'))}'`]) {
      const ended = shell('/bin/sh', ['-c', `${node} ${args} > /dev/full`]);
      await expect(ended).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('ENOSPC') });
    }
  });
});

describe('a stop', () => {
  it.each(['SIGINT', 'SIGHUP'] as const)('by %s ends the service with status 0', async (name) => {
    const cli = startCli(['run', '--source', dumps], { env: env() });
    await cli.says('🎉');
    cli.process.kill(name);
    const { status, stdout } = await cli.ended;
    expect(stdout).toContain(`🛑 ${name}`);
    expect(status).toBe(0);
    // HEALTH_PORT is off.
    expect(stdout).not.toContain('Status page');
  });

  it('works as process 1 of a container', async () => {
    const unshare = await pidNamespace();
    const child = spawn(unshare[0]!, [...unshare.slice(1), process.execPath, CLI, 'run', '--source', dumps], {
      env: { PATH: process.env['PATH'], ...env() },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    await new Promise<void>((resolve) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (output.includes('🎉')) resolve();
      });
      void ended.then(() => resolve());
    });
    const inner = (await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')).trim();
    // Its last number is that in the innermost namespace.
    expect(await readFile(`/proc/${inner}/status`, 'utf8')).toMatch(/^NSpid:.*\t1$/m);
    process.kill(Number(inner), 'SIGTERM');
    expect(await ended).toBe(0);
    expect(output).toContain('🛑 SIGTERM');
  });
});

/** The command that starts another one as process 1 of a namespace of its own. */
const pidNamespace = async (): Promise<string[]> => {
  const shared = ['--pid', '--fork', '--mount-proc', '--kill-child'];
  for (const command of [
    ['unshare', ...shared],
    ['unshare', '--user', '--map-root-user', ...shared],
  ]) {
    const works = await promisify(execFile)(command[0]!, [...command.slice(1), 'true']).then(
      () => true,
      () => false,
    );
    if (works) return command;
  }
  throw new Error(
    'No PID namespace can be made: run as root, or allow unprivileged user namespaces (kernel.apparmor_restrict_unprivileged_userns=0)',
  );
};
