import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Socket } from 'node:net';
import { dirname } from 'node:path';

/**
 * Runs the command alongside a reader of descriptor 3. Only this process holds the other end of that descriptor, so the
 * reader sees its end however this process ends (SIGKILL included), and then kills the whole process group. The shell
 * stays in order to reap the command, which is killed and restarted many times: in a container each would otherwise
 * leave a zombie.
 */
const TETHER = `
"$@" </dev/null 3<&- &
child=$!
echo $child >&3
( while read -r line; do :; done; $CLEANUP; kill -s KILL -- -$$ ) <&3 >/dev/null 2>&1 &
reader=$!
exec 3<&-
wait $child
status=$?
kill $reader 2>/dev/null
exit $status
`;

/** A child that cannot outlive this process. */
export interface TetheredProcess {
  /** The process id of the command. */
  readonly pid: number;
  readonly running: boolean;
  /** Resolves when the command has ended. */
  readonly exited: Promise<void>;
  /** Sends SIGKILL to the command; resolves when it has ended. */
  kill(): Promise<void>;
}

/**
 * Starts `command` in the folder of `logFile`, to which it appends its output. Erlang writes dumps of what crashes to the
 * folder in which it was started.
 * `cleanup` is a further command, of words without blanks, that runs when this process has ended, before the process
 * group is killed.
 */
export const startTethered = async (
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  logFile: string,
  cleanup: readonly string[] = [':'],
): Promise<TetheredProcess> => {
  const log = openSync(logFile, 'a');
  let child: ChildProcess;
  try {
    child = spawn('/bin/sh', ['-c', TETHER, 'sh', command, ...args], {
      cwd: dirname(logFile),
      env: { ...env, CLEANUP: cleanup.join(' ') },
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
    tether.once('close', () => reject(new Error(`${command} could not be started; see ${logFile}`)));
  });
  // The child must not keep the test process alive, since the tether ends it.
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
      // Keeps the event loop alive until the exit.
      child.ref();
      process.kill(pid, 'SIGKILL');
      await exited;
    },
  };
};
