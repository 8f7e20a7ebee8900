export type { Credit } from './shape/credit.js';
export type { RecordImage } from './shape/image.js';
export type { LeftOut, LeftOutReason, ShapeOptions } from './shape/left-out.js';
export type { Reference } from './shape/reference.js';
export type {
  CatalogueEntry,
  ReleaseCompany,
  ReleaseFormat,
  ReleaseIdentifier,
  ReleaseMaster,
} from './shape/release-parts.js';
export { type Artist, toArtist } from './shape/to-artist.js';
export { type Label, toLabel } from './shape/to-label.js';
export { type Master, toMaster } from './shape/to-master.js';
export { type Release, toRelease } from './shape/to-release.js';
export type { ReleaseTrack } from './shape/track.js';
export type { RecordVideo } from './shape/video.js';
