import type { DataType } from '../config/data-type.js';

/** The dump file whose records are delivered. */
export interface SinkTarget {
  /** Version of the dump, `YYYYMMDD`. */
  readonly version: string;
  readonly dataType: DataType;
  /** Name of the dump file, such as `discogs_20260101_artists.xml.gz`. */
  readonly file: string;
}
