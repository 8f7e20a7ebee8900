/** Runs in the process before the command line does. */
const preload = (pattern: string): string => `
  import fs from 'node:fs';
  import { syncBuiltinESMExports } from 'node:module';
  const { rename } = fs.promises;
  fs.promises.rename = async (from, to) => {
    await rename(from, to);
    if (!to.includes('.extraction_status_') || !new RegExp(${JSON.stringify(pattern)}).test(fs.readFileSync(to))) return;
    process.kill(process.pid, 'SIGKILL');
  };
  syncBuiltinESMExports();
`;

/** The environment of a process that is killed as soon as its state marker matches, before it does anything else. */
export const killAtMarker = (pattern: RegExp): Record<'NODE_OPTIONS', string> => {
  const module = Buffer.from(preload(pattern.source)).toString('base64');
  return { NODE_OPTIONS: `--import=data:text/javascript;base64,${module}` };
};
