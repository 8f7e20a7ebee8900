import { type Fields, flag, list, object, type Reader, text, whole } from './read-values.js';

/** A video of a release or master. */
export interface Video {
  /** The video's URL. */
  src: string | undefined;
  /** In seconds. */
  duration: number | undefined;
  /** Whether other sites may embed it. */
  embed: boolean | undefined;
  title: string | undefined;
  description: string | undefined;
}

const VIDEO: Fields<Video> = {
  src: ['@src', text],
  duration: ['@duration', whole],
  embed: ['@embed', flag],
  title: ['title', text],
  description: ['description', text],
};

const video: Reader<Video> = (value, context) => object(value ?? null, context, VIDEO);

/** `<videos><video …>…</video></videos>` */
export const videos: Reader<Video[]> = (value, context) => list(value, context, 'video', video);
