import { list, type Reader, text } from './read-values.js';

/** `<genres>` of `<genre>` */
export const genres: Reader<string[]> = (value, reading) => list(value, reading, 'genre', text);

/** `<styles>` of `<style>` */
export const styles: Reader<string[]> = (value, reading) => list(value, reading, 'style', text);

/** `<urls>` of `<url>` */
export const urls: Reader<string[]> = (value, reading) => list(value, reading, 'url', text);
