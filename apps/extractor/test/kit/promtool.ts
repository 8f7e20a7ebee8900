import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs Prometheus' own checker, installed from Debian's package where it is missing and that is possible. Rejects where it finds fault. */
export const promtool = async (args: readonly string[], input = ''): Promise<string> => {
  await installed();
  const running = run('promtool', [...args]);
  running.child.stdin!.on('error', () => {});
  running.child.stdin!.end(input);
  const { stdout, stderr } = await running;
  return stdout + stderr;
};

let installation: Promise<void> | undefined;

const installed = (): Promise<void> => {
  installation ??= (async () => {
    const isThere = await run('promtool', ['--version']).then(
      () => true,
      () => false,
    );
    if (isThere) return;
    try {
      await run('apt-get', ['update', '-qq']);
      await run('apt-get', ['install', '--yes', '--no-install-recommends', 'prometheus'], {
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      });
    } catch (error) {
      throw new Error('These tests need promtool: install it (apt-get install prometheus).', { cause: error });
    }
  })();
  return installation;
};
