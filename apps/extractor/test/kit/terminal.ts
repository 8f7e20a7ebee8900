import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Terminal } from '@xterm/headless';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const COLUMNS = 100;
const ROWS = 30;

/** The command line in a pseudo-terminal, and what it shows there. */
export interface TerminalCli {
  readonly process: ChildProcess;
  /** The lines of the screen and of what has scrolled off, without blank ones. */
  readonly lines: () => string[];
  readonly isCursorVisible: () => boolean;
  /** Everything that was written to it, control sequences included. */
  readonly output: () => string;
  /** Presses keys; `\x03` is Ctrl-C. */
  readonly type: (keys: string) => void;
  /** Waits until the screen shows it; rejects when the process ends before. */
  readonly shows: (what: RegExp) => Promise<void>;
  /** Resolves with the exit status. */
  readonly ended: Promise<number | null>;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Starts `discogs-extractor` in a pseudo-terminal of util-linux's `script`, and reads it with a terminal emulator. */
export const startInTerminal = (
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  { columns, rows } = { columns: COLUMNS, rows: ROWS },
): TerminalCli => {
  const command = [process.execPath, CLI, ...args].map(quoted).join(' ');
  const child = spawn(
    'script',
    ['--quiet', '--return', '--flush', '--command', `stty cols ${columns} rows ${rows}; exec ${command}`, '/dev/null'],
    {
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: process.env['HOME'] ?? '',
        TERM: 'xterm-256color',
        HEALTH_PORT: 'off',
        ...env,
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  child.stdin.on('error', () => {});
  const terminal = new Terminal({ cols: COLUMNS, rows: ROWS, allowProposedApi: true, scrollback: 1000 });
  let isCursorVisible = true;
  const waiting = new Set<() => void>();
  let output = '';
  child.stdout.on('data', (bytes: Buffer) => {
    output += bytes.toString();
    // The emulator does not report whether the cursor is visible; the last of the two sequences decides.
    const [shown, hidden] = ['\x1b[?25h', '\x1b[?25l'].map((sequence) => bytes.lastIndexOf(sequence)) as [
      number,
      number,
    ];
    if (shown !== hidden) isCursorVisible = shown > hidden;
    terminal.write(bytes, () => {
      for (const check of waiting) check();
    });
  });
  const lines = (): string[] => {
    const { active } = terminal.buffer;
    return Array.from({ length: active.length }, (_, row) => active.getLine(row)!.translateToString(true)).filter(
      (line) => line !== '',
    );
  };
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    // Resolves after the emulator has processed everything.
    child.once('close', (status) => terminal.write('', () => resolve(status)));
  });
  return {
    process: child,
    lines,
    isCursorVisible: () => isCursorVisible,
    output: () => output,
    type: (keys) => child.stdin.write(keys),
    shows: (what) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (!what.test(lines().join('\n'))) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
        ended.then(() => reject(new Error(`It ended without showing ${what}:\n${lines().join('\n')}`)), reject);
      }),
    ended,
  };
};
