import { spawn } from 'node:child_process';

export interface ProcessResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Milliseconds until the process is ended. @default 240000 */
  readonly timeout?: number | undefined;
}

/** What a script of pnpm's puts into the environment belongs to this repository, and not to a project elsewhere. */
const OF_THE_CALLER =
  /^(npm_(package|lifecycle|command|execpath|node_execpath)|PNPM_|INIT_CWD$|NODE_OPTIONS$|NODE_PATH$|VITEST)/;

/** Runs a program to its end and gives all that it wrote, whatever its status. */
export const runProcess = (
  command: string,
  args: readonly string[],
  { cwd, env = {}, timeout = 240_000 }: RunOptions,
): Promise<ProcessResult> =>
  new Promise((resolve, reject) => {
    const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OF_THE_CALLER.test(name)));
    const child = spawn(command, args, {
      cwd,
      env: { ...inherited, npm_config_loglevel: 'error', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, stdout, stderr }));
  });

/** The same, for what has to succeed. */
export const mustRun = async (
  command: string,
  args: readonly string[],
  options: RunOptions,
): Promise<ProcessResult> => {
  const result = await runProcess(command, args, options);
  if (result.status === 0) return result;
  throw new Error(
    `${command} ${args.join(' ')} ended with status ${result.status}\n${result.stdout}\n${result.stderr}`,
  );
};
