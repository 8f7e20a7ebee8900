import { dataTypeOf, type FileProgress, type StateMarker } from '@discogs-extractor/state-marker';
import { DATA_TYPES, type DataType } from '../config/data-type.js';

/** A file of a state marker. */
export interface MarkerFile {
  readonly file: string;
  readonly dataType: DataType;
  readonly progress: FileProgress;
}

/** The data type of a dump file; `undefined` if it is none that this program knows. */
export const knownTypeOf = (file: string): DataType | undefined =>
  DATA_TYPES.find((known) => known === dataTypeOf(file));

/** The files of a marker that have a known data type. */
export const markerFiles = ({ processing_phase: phase }: StateMarker): MarkerFile[] =>
  Object.entries(phase.progress_by_file).flatMap(([file, progress]) => {
    const dataType = knownTypeOf(file);
    return dataType === undefined ? [] : [{ file, dataType, progress }];
  });
