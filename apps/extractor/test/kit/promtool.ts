import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { needProgram } from '@discogs-extractor/test-broker';

/** Runs Prometheus' checker and returns its output. Rejects if it finds a fault. */
export const promtool = async (args: readonly string[]): Promise<string> => {
  const { stdout, stderr } = await promisify(execFile)(await needProgram('promtool', 'prometheus'), [...args]);
  return stdout + stderr;
};
