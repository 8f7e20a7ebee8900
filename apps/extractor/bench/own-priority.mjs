// The priority of this process's main thread, which represents a client on another machine: its waits for a core would
// otherwise count as the service's delay.
import { execFile } from 'node:child_process';
import { setPriority } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Runs `work` with the highest priority that is allowed: real-time (`chrt`, Linux), else niceness -20. Processes and
 * threads that `work` starts inherit it. Returns its result and a description of the priority, `undefined` if none was
 * allowed.
 */
export const withHighestPriority = async (work) => {
  const { how, undo } = await raisePriority();
  try {
    return { result: await work(), how };
  } finally {
    await undo();
  }
};

const raisePriority = async () => {
  const pid = String(process.pid);
  try {
    await run('chrt', ['--fifo', '--pid', '50', pid]);
    return { how: 'at real-time priority', undo: () => run('chrt', ['--other', '--pid', '0', pid]) };
  } catch {
    // Not Linux, no util-linux, or no privilege.
  }
  try {
    setPriority(-20);
    return { how: 'at niceness -20', undo: async () => setPriority(0) };
  } catch {
    return { how: undefined, undo: async () => {} };
  }
};
