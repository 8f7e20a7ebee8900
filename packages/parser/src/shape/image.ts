import { type Fields, list, object, type Reader, text, whole } from './read-values.js';

/** An image of an artist, label, master or release. None since 2024-12. */
export interface RecordImage {
  /** `primary` or `secondary`. */
  type: string | undefined;
  /** Address of the image; none since 2015. */
  uri: string | undefined;
  /** Address of the thumbnail; none since 2015. */
  uri150: string | undefined;
  /** Pixels. */
  width: number | undefined;
  /** Pixels. */
  height: number | undefined;
}

const IMAGE: Fields<RecordImage> = {
  type: ['@type', text],
  uri: ['@uri', text],
  uri150: ['@uri150', text],
  width: ['@width', whole],
  height: ['@height', whole],
};

const image: Reader<RecordImage> = (value, reading) => object(value ?? null, reading, IMAGE);

/** `<images><image …/></images>` */
export const images: Reader<RecordImage[]> = (value, reading) => list(value, reading, 'image', image);
