import { spawn } from 'node:child_process';

export interface ProcessResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** The process is killed after this time. @default 240_000 */
  readonly timeoutMs?: number | undefined;
}

/** Variables that pnpm and vitest set for this repository, and that a project elsewhere must not see. */
const CALLERS_VARIABLES =
  /^(npm_(package|lifecycle|command|execpath|node_execpath)|PNPM_|INIT_CWD$|NODE_OPTIONS$|NODE_PATH$|VITEST)/;

/** Runs a program and returns its status and output once it has ended. */
export const runProcess = (
  command: string,
  args: readonly string[],
  { cwd, env = {}, timeoutMs = 240_000 }: RunOptions,
): Promise<ProcessResult> =>
  new Promise((resolve, reject) => {
    const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !CALLERS_VARIABLES.test(name)));
    const child = spawn(command, args, {
      cwd,
      env: { ...inherited, npm_config_loglevel: 'error', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
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

/** Like {@link runProcess}, but throws if the status is not 0. */
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
