import { type Fields, list, object, type Reader, text, whole } from './read-values.js';

/** An image of an artist, label, master or release. Dumps since 2024-12 have none. */
export interface Image {
  /** `primary` or `secondary`. */
  type: string | undefined;
  /** URL of the image; empty in dumps since 2015. */
  uri: string | undefined;
  /** URL of the thumbnail; empty in dumps since 2015. */
  uri150: string | undefined;
  /** In pixels. */
  width: number | undefined;
  /** In pixels. */
  height: number | undefined;
}

const IMAGE: Fields<Image> = {
  type: ['@type', text],
  uri: ['@uri', text],
  uri150: ['@uri150', text],
  width: ['@width', whole],
  height: ['@height', whole],
};

const image: Reader<Image> = (value, context) => object(value ?? null, context, IMAGE);

/** `<images><image …/></images>` */
export const images: Reader<Image[]> = (value, context) => list(value, context, 'image', image);
