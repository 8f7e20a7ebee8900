import { writePatterns } from './copy-match';
import { input, output } from './inflate';
import { INPUT, INPUT_BYTES, MEMORY_END, OUTPUT, OUTPUT_BYTES, STATE } from './layout';
import { writeTemplates } from './symbol-templates';

/* The inflater's exports. `layout.ts` explains the memory and the tables. */

/** The addresses and sizes that JavaScript uses. */
export const stateAddress: usize = STATE;
export const inputAddress: usize = INPUT;
export const inputBytes: usize = INPUT_BYTES;
export const outputAddress: usize = OUTPUT;
export const outputBytes: usize = OUTPUT_BYTES;
export const memoryBytes: usize = MEMORY_END;

/** Writes the tables that never change. Call it once. */
export function initialize(): void {
  writeTemplates();
  writePatterns();
}

/** The address of the first byte of the input that was not read. */
export function inputPosition(): usize {
  return input;
}

/** The address after the output. */
export function outputPosition(): usize {
  return output;
}

export { inflate, reset, resetOutput, restoreState, saveState, setInput, setOutputLimit, startStream } from './inflate';
