import type { ChangeStore } from '@discogs-extractor/changes';
import type { Checkpoint } from '@discogs-extractor/state-marker';
import * as z from 'zod';
import type { Sink } from '../sinks/sink.js';
import type { SinkTarget } from '../sinks/sink-target.js';

const schema = z.object({
  /** The version whose delivery made the proof. */
  version: z.string(),
  proof: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  /** Confirmed messages of this version that the destination lost. */
  missing: z.int().nonnegative(),
  /** Whether a run with PUBLISH=changed ever delivered there: a consumer may follow the output since. */
  changed: z.boolean().optional(),
});

/** What a store keeps about its destination, to find out whether that still has the records. */
type Note = z.infer<typeof schema>;

/** `undefined` if there is none, or none that this program has written. */
export const readNote = ({ note }: Pick<ChangeStore, 'note'>): Note | undefined => {
  try {
    return note === undefined ? undefined : schema.safeParse(JSON.parse(note)).data;
  } catch {
    return undefined;
  }
};

/** Notes what proves from now on that the destination has the records, if it can be proved, and what it has lost. */
export const writeNote = async (
  store: ChangeStore,
  version: string,
  {
    proof,
    missing,
    isChanged,
  }: { readonly proof?: Checkpoint | undefined; readonly missing: number; readonly isChanged: boolean },
): Promise<void> => {
  const changed = isChanged || readNote(store)?.changed === true;
  const note: Note = { version, ...(proof && { proof }), missing, ...(changed && { changed }) };
  const text = JSON.stringify(note);
  if (text !== store.note) await store.setNote(text);
};

/**
 * Why the destination may not have what the store says: records were lost when the last dump was delivered, or the
 * destination was set up again since. `undefined` if nothing speaks for that.
 *
 * @throws errors of the sink; the signal's reason
 */
export const findLoss = async (
  store: ChangeStore,
  sink: Sink,
  target: SinkTarget,
  signal: AbortSignal,
): Promise<string | undefined> => {
  const note = readNote(store);
  if (note === undefined || store.ids === 0) return undefined;
  if (note.missing > 0) {
    return `confirmed messages of dump ${note.version} are missing at the destination (${note.missing})`;
  }
  return note.proof && (await sink.findLoss?.(target, note.proof, { signal }));
};

/** Whether two proofs are the same, so that neither must be released. */
export const isSameProof = (one: Checkpoint | undefined, other: Checkpoint | undefined): boolean =>
  one?.['token'] === other?.['token'];
