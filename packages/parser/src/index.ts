export { DATA_TYPES, type DataType } from './data-type.js';
export { encodeRecords } from './encode-records.js';
export { ParserError, type ParserErrorCode, type ParserErrorFacts } from './errors.js';
export { addInventory, createInventory, MAX_INVENTORY_PATHS } from './inventory/add-inventory.js';
export { knownFormat } from './known-format/known-format.js';
export type { KnownContent, KnownPath } from './known-format/known-path.js';
export { mapRecords } from './map-records.js';
export type {
  BlobLike,
  DumpInput,
  EngineName,
  MapperModule,
  OpenFileLike,
  ParseOptions,
  ReadOptions,
  ReadProgress,
  ResponseLike,
  TransformModule,
  WebStreamLike,
  WorkerPool,
  WorkerPoolOptions,
} from './options.js';
export { createWorkerPool } from './parallel/worker-pool.js';
export { parseRecords } from './parse-records.js';
export { PLATFORM_TRANSFORM } from './platform/platform-transform.js';
export type { EncodedBlock, EncodedRecord } from './read/encoded-block.js';
export type { ParsedRecord } from './read/parsed-records.js';
export type { RecordStream } from './read/record-stream.js';
export type { Reading } from './reading.js';
export type {
  OneOrMany,
  RawArtist,
  RawCatalogueEntry,
  RawCompany,
  RawCredit,
  RawFormat,
  RawIdentifier,
  RawImage,
  RawLabel,
  RawList,
  RawMaster,
  RawMasterReference,
  RawMembers,
  RawRecords,
  RawReference,
  RawRelease,
  RawText,
  RawTrack,
  RawVideo,
  XmlObject,
  XmlValue,
} from './record/types.js';
export type {
  BlockInventory,
  Occurrences,
  PathInventory,
  RecordInventory,
  RecordReference,
} from './record-inventory.js';
export {
  type Irregularity,
  type IrregularityKind,
  LEFT_OUT_KINDS,
  type MalformedReason,
  type MalformedRecord,
  type ReadStats,
  type RecordFinding,
} from './reports.js';
export type { Credit } from './shape/credit.js';
export type { DroppedValue, DropReason, ShapeOptions } from './shape/dropped-value.js';
export type { Image } from './shape/image.js';
export type { Reference } from './shape/reference.js';
export type {
  CatalogueEntry,
  Company,
  Format,
  Identifier,
  MasterReference,
} from './shape/release-parts.js';
export { type Artist, toArtist } from './shape/to-artist.js';
export { type Label, toLabel } from './shape/to-label.js';
export { type Master, toMaster } from './shape/to-master.js';
export { type Release, toRelease } from './shape/to-release.js';
export type { Track } from './shape/track.js';
export type { Video } from './shape/video.js';
export type { CreateMapper, MapperContext, RecordMapper } from './transform/record-mapper.js';
export type {
  CreateTransform,
  FieldsTransform,
  RecordTransform,
  TransformContext,
  TransformSetup,
} from './transform/record-transform.js';
