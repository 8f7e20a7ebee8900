import { type Fields, flag, list, object, type Reader, text, whole } from './read-values.js';

/** A video that shows a release, or the releases of a master. */
export interface RecordVideo {
  /** Its address. */
  src: string | undefined;
  /** Seconds. */
  duration: number | undefined;
  /** Whether it may be shown on other sites. */
  embed: boolean | undefined;
  title: string | undefined;
  description: string | undefined;
}

const VIDEO: Fields<RecordVideo> = {
  src: ['@src', text],
  duration: ['@duration', whole],
  embed: ['@embed', flag],
  title: ['title', text],
  description: ['description', text],
};

const video: Reader<RecordVideo> = (value, reading) => object(value ?? null, reading, VIDEO);

/** `<videos><video …>…</video></videos>` */
export const videos: Reader<RecordVideo[]> = (value, reading) => list(value, reading, 'video', video);
