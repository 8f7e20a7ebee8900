import type { XmlObject } from '../record/types.js';
import type { TransformContext, TransformSetup } from './record-transform.js';

/**
 * Makes something of each record, on the thread that reads it: called with the record as `parseRecords` yields it. What
 * it returns is copied to the calling thread by the structured clone algorithm, together with the results of the other
 * records of its block; so it may be anything that this algorithm copies, but must not be changed afterwards. `undefined`
 * omits the record.
 *
 * If it throws, or returns something that cannot be copied, the record is malformed, for the reason `mapper-failed`. It
 * must not return a promise. It runs on several threads at once, on each with an instance of its own and on any of the
 * dump's blocks, so it must not depend on the records that it saw before.
 */
export type RecordMapper<Result = unknown, Raw extends object = XmlObject> = (
  record: Raw,
  context: MapperContext,
) => Result | undefined;

/** One record on its way through a mapper. Valid during the call only. */
export interface MapperContext extends Pick<TransformContext, 'number' | 'id' | 'report'> {
  /** SHA-256 of the record's canonical JSON, 64 lower-case hexadecimal digits: computed when it is asked for. */
  readonly sha256: string;
}

/**
 * What a module for `mapRecords` exports under the name `createMapper`. It is called once for each thread, read and data
 * type, with the `options` next to the module's name.
 */
export type CreateMapper<Options = unknown, Result = unknown, Raw extends object = XmlObject> = (
  options: Options,
  setup: TransformSetup,
) => RecordMapper<Result, Raw>;
