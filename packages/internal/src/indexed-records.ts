/** Records of a block that are read by their index, from 0. */
export interface IndexedRecords<Bytes extends Uint8Array> {
  readonly count: number;
  number(index: number): number;
  id(index: number): string;
  sha256(index: number): string;
  message(index: number): Bytes;
}

/** The records of a block, each as an object. */
export function* iterateRecords<Bytes extends Uint8Array>(
  block: IndexedRecords<Bytes>,
): Generator<{ number: number; id: string; sha256: string; message: Bytes }, void, undefined> {
  for (let index = 0; index < block.count; index++) {
    yield {
      number: block.number(index),
      id: block.id(index),
      sha256: block.sha256(index),
      message: block.message(index),
    };
  }
}
