import { writePatterns } from './copy';
import { begin, forget, giveBack, inflateOn, input, output, restoreState, saveState, setInput, setOutputEnd, turnOutput } from './inflate';
import { INPUT, INPUT_BYTES, MEMORY_END, OUTPUT, OUTPUT_BYTES, STATE } from './layout';
import { writeTemplates } from './symbols';

/*
 * The inflater's exports. `layout.ts` explains memory and tables.
 */

/** Where JavaScript finds things. */
export const stateAddress: usize = STATE;
export const inputAddress: usize = INPUT;
export const inputBytes: usize = INPUT_BYTES;
export const outputAddress: usize = OUTPUT;
export const outputBytes: usize = OUTPUT_BYTES;
export const memoryBytes: usize = MEMORY_END;

/** Makes the inflater ready. Call once. */
export function setUp(): void {
  writeTemplates();
  writePatterns();
}

/** Forgets all input and output. */
export function reset(): void {
  forget();
}

/** Begins a deflate stream; the input begins with it. */
export function start(): void {
  begin();
}

/** Says what of the input is still to be read. */
export function feed(from: usize, to: usize): void {
  setInput(from, to);
}

/** Inflates; answers a status (`layout.ts`). */
export function inflate(): u32 {
  const status = inflateOn();
  giveBack();
  return status;
}

/** The first byte of the input that was not read. */
export function inputAt(): usize {
  return input;
}

/** The byte behind the output. */
export function outputAt(): usize {
  return output;
}

/** Begins a new output; the old one's end stays in reach of matches. */
export function turn(): void {
  turnOutput();
}

/** Allows output that begins before `end`, behind what there is. */
export function allow(end: usize): void {
  setOutputEnd(end);
}

/** Makes the memory before the input say where the stream stands. */
export function save(): void {
  saveState();
}

/** Goes on from a memory that another instance has saved, with output from `start` on. */
export function restore(start: usize): void {
  restoreState(start);
}
