import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The built command line, as users start it. */
export const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

export interface CliResult {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  readonly process: ChildProcess;
  readonly ended: Promise<CliResult>;
  /** Resolves with the line once standard output or error contains the text; rejects when the process ends before. */
  readonly says: (text: string) => Promise<string>;
  /** Standard output so far. */
  readonly output: () => string;
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: Uint8Array;
  /** Whether standard input stays open, for the caller to write to. @default false */
  readonly keepsInput?: boolean;
}

/** Only what a process needs to run, so that no setting of the machine reaches a test. */
const CLEAN_ENV = {
  PATH: process.env['PATH'] ?? '',
  HOME: process.env['HOME'] ?? '',
  // Tests run in parallel; those that need HTTP set a port.
  HEALTH_PORT: 'off',
};

/** Starts `discogs-extractor` as a separate process. */
export const startCli = (
  args: readonly string[],
  { env = {}, cwd, input, keepsInput = false }: CliOptions = {},
): RunningCli => {
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { ...CLEAN_ENV, ...env },
    cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // A process may end without reading its input.
  child.stdin.on('error', () => {});
  if (!keepsInput) child.stdin.end(input);
  let stdout = '';
  let stderr = '';
  const waiting = new Set<() => void>();
  const onOutput = (): void => {
    for (const check of waiting) check();
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    onOutput();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    onOutput();
  });
  const ended = new Promise<CliResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => resolve({ status, signal, stdout, stderr }));
  });
  return {
    process: child,
    ended,
    output: () => stdout,
    says: (text) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (!stdout.includes(text) && !stderr.includes(text)) return;
          const line = `${stdout}\n${stderr}`.split('\n').find((each) => each.includes(text))!;
          waiting.delete(check);
          resolve(line);
        };
        waiting.add(check);
        check();
        ended.then(
          () => reject(new Error(`It ended without printing ${JSON.stringify(text)}:\n${stdout}\n${stderr}`)),
          reject,
        );
      }),
  };
};

/** Runs `discogs-extractor` and waits for its end. */
export const runCli = (args: readonly string[], options?: CliOptions): Promise<CliResult> =>
  startCli(args, options).ended;

/** Where its HTTP server listens, which it logs: `http://127.0.0.1:PORT/`. */
export const statusUrlOf = async (cli: RunningCli): Promise<string> => {
  await cli.says('Status page on ');
  const line = cli
    .output()
    .split('\n')
    .find((text) => text.includes('Status page on '))!;
  return `http://127.0.0.1:${(JSON.parse(line) as { port: number }).port}/`;
};
