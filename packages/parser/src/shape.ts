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
