import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Socket } from 'node:net';

/**
 * Runs the command beside a reader of descriptor 3. That descriptor's other end is ours alone, so it ends with this
 * process however this process ends (SIGKILL included), and then the whole process group goes. The shell stays to
 * reap the command: killed and restarted many times, it would else leave a zombie each time in a container.
 */
const TETHER = `
"$@" </dev/null 3<&- &
child=$!
echo $child >&3
( while read -r line; do :; done; $AT_LOSS; kill -s KILL -- -$$ ) <&3 >/dev/null 2>&1 &
reader=$!
exec 3<&-
wait $child
status=$?
kill $reader 2>/dev/null
exit $status
`;

/** A child that cannot outlive this process. */
export interface TetheredProcess {
  /** The command's own process. */
  readonly pid: number;
  readonly running: boolean;
  /** Resolves when the command has ended. */
  readonly exited: Promise<void>;
  /** SIGKILL to the command; resolves when it is gone. */
  kill(): Promise<void>;
}

/**
 * Starts `command`, its output appended to `logFile`.
 * `atLoss` is a further command, of words without blanks, run when this process is gone and before the group goes.
 */
export const startTethered = async (
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  logFile: string,
  atLoss: readonly string[] = [':'],
): Promise<TetheredProcess> => {
  const log = openSync(logFile, 'a');
  let child: ChildProcess;
  try {
    child = spawn('/bin/sh', ['-c', TETHER, 'sh', command, ...args], {
      env: { ...env, AT_LOSS: atLoss.join(' ') },
      detached: true,
      stdio: ['ignore', log, log, 'pipe'],
    });
  } finally {
    closeSync(log);
  }
  let running = true;
  const exited = new Promise<void>((resolve) => {
    const end = (): void => {
      running = false;
      resolve();
    };
    child.once('exit', end);
    child.once('error', end);
  });
  const tether = child.stdio[3] as Socket;
  tether.on('error', () => {});
  const pid = await new Promise<number>((resolve, reject) => {
    tether.once('data', (line) => resolve(Number(line.toString())));
    tether.once('close', () => reject(new Error(`${command} could not be started`)));
  });
  // Nothing here may keep the test process alive: the tether ends the child when it goes.
  child.unref();
  tether.unref();

  return {
    pid,
    get running() {
      return running;
    },
    exited,
    async kill() {
      if (!running) return;
      // Waiting for the exit needs the event loop to stay alive.
      child.ref();
      process.kill(pid, 'SIGKILL');
      await exited;
    },
  };
};
