import type { PassCounts } from '@discogs-extractor/changes';
import type { Annotations, FileProgress } from '@discogs-extractor/state-marker';
import * as z from 'zod';

/** Name of the annotation of a file in the state marker that says what of it was sent with PUBLISH=changed. */
const ANNOTATION = 'changes';

const count = z.int().nonnegative();
const schema = z.object({ published: count, unchanged: count, deleted: count });

export const changesAnnotation = ({ published, unchanged, deleted }: PassCounts): Annotations => ({
  [ANNOTATION]: { published, unchanged, deleted },
});

/** What the state marker has of it; `undefined` for a file that was delivered with PUBLISH=all. */
export const knownChangesOf = ({ annotations }: FileProgress): PassCounts | undefined =>
  schema.safeParse(annotations?.[ANNOTATION]).data;
