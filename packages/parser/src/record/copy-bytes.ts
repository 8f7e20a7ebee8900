/** Up to this length, a loop is faster than a call. */
const MAX_LOOP_BYTES = 48;

/** Copies bytes `from` to `to` to position `at` of `target`. Returns the position after them. */
export const copyBytes = (source: Buffer, from: number, to: number, target: Buffer, at: number): number => {
  if (to - from > MAX_LOOP_BYTES) return at + source.copy(target, at, from, to);
  let end = at;
  for (let position = from; position < to; position++) target[end++] = source[position]!;
  return end;
};
