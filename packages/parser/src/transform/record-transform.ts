import type { DataType } from '../data-type.js';
import type { XmlObject } from '../record/types.js';

/**
 * Changes records: called with each one as an object in the raw shape (`RawRecords`), parsed from its canonical JSON.
 * It returns an object, which may be the same one, changed; or `undefined` to omit the record. An omitted record keeps
 * its number. If it changed nothing, it should return `context.unchanged`, which saves writing the record again.
 *
 * What it returns may hold what JSON holds: plain objects, arrays, strings, finite numbers, booleans and `null`. A
 * member that is `undefined` counts as absent. If it throws, or returns anything else, the record is malformed, for the
 * reason `transform-failed`.
 *
 * It must not return a promise. It runs on several threads at once, on each with an instance of its own and on
 * any of the dump's blocks, so it must not depend on the records that it saw before.
 */
export type RecordTransform<Raw extends object = XmlObject> = (
  record: Raw,
  context: TransformContext,
) => object | undefined;

/** A transform that looks at some members of records only: the others are neither parsed nor written again. */
export interface FieldsTransform<Raw extends object = XmlObject> {
  /**
   * The names of the members of a record that it reads, adds, changes or removes. A name that ends in `*` stands for all
   * that begin like it, such as `@*` for all attributes.
   *
   * If all transforms of a read have `fields`, records have no members but those that are named by any of them. The
   * object that is returned takes the place of these members; the others stay as they are.
   */
  readonly fields: readonly string[];
  readonly transform: RecordTransform<Raw>;
}

/** One record on its way through a transform. Valid during the call only. */
export interface TransformContext {
  /** The record's number in the dump, from 1; skipped and omitted records count. */
  readonly number: number;
  /** The record's id before any transform, or `unknown`. */
  readonly id: string;
  /**
   * The return value for a record that the function has not changed: it stays as it is. This is faster than returning
   * the same object, above all if no transform of the read changes the record.
   */
  readonly unchanged: object;
  /** The record's bytes in the dump: a copy, which you may keep. */
  xml(): Uint8Array;
  /** The whole record in the raw shape, before any transform, also if the transform has `fields`: parsed at each call. */
  record(): XmlObject;
  /**
   * Reports something about the record. It reaches the caller with the record's block and by `onFinding`, in document
   * order, also if the record is omitted or the transform throws afterwards.
   *
   * @param finding - is copied, by the structured clone algorithm
   * @throws DataCloneError if it cannot be, for example because it contains a function
   */
  report(finding: unknown): void;
}

/** What a transform is created for. */
export interface TransformSetup {
  readonly dataType: DataType;
}

/**
 * What a module of the option `transform` exports under the name `createTransform`. It is called once for each thread,
 * read and data type, with the `options` next to the module's name.
 */
export type CreateTransform<Options = unknown, Raw extends object = XmlObject> = (
  options: Options,
  setup: TransformSetup,
) => RecordTransform<Raw> | FieldsTransform<Raw>;
