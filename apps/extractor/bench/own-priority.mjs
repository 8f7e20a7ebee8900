// The priority of this process's main thread, which stands for a client on another machine: whatever waits for a core here would, with
// one, be counted as the service's delay.
import { execFile } from 'node:child_process';
import { setPriority } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Does `work` with this thread before all others where that is allowed: real-time (`chrt`, Linux), else niceness -20. What `work` starts
 * inherits it, so it should start nothing. Answers its result, and how that went in words; `undefined` where it was not allowed.
 */
export const goingFirst = async (work) => {
  const { how, undo } = await goFirst();
  try {
    return { result: await work(), how };
  } finally {
    await undo();
  }
};

const goFirst = async () => {
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
