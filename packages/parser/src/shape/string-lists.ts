import { list, type Reader, text } from './read-values.js';

/** `<genres>` of `<genre>` */
export const genres: Reader<string[]> = (value, context) => list(value, context, 'genre', text);

/** `<styles>` of `<style>` */
export const styles: Reader<string[]> = (value, context) => list(value, context, 'style', text);

/** `<urls>` of `<url>` */
export const urls: Reader<string[]> = (value, context) => list(value, context, 'url', text);
