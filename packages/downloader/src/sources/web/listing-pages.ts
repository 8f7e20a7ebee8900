import { parseFileName } from '../../names.js';
import type { ListingBuilder } from '../listing-builder.js';

// Tolerant of how links are written: quotes, the case of escapes, a plain slash.
const SLASH = '(?:%2[Ff]|/)';
const YEAR_LINK = new RegExp(`[?&;]prefix=data${SLASH}([0-9]{4})${SLASH}(?=["'&<>\\s]|$)`, 'g');
const FILE_LINK = /[?&;]download=([^"'&<>\s]+)/g;
const ANY_LINK = /[?&;](?:prefix|download)=/;
const KEY = /^data\/[0-9]{4}\/([^/]+)$/;
const SIZE = /(?<![\w.:-])([0-9]+(?:\.[0-9]+)?)\s*([KMGT])i?B?(?![\w])/g;
const UNITS: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/**
 * Whether a page is a listing, and not a challenge or an error page with status 200. A truncated page does not count:
 * it would lack the versions at its end.
 */
export const isListingPage = (html: string): boolean =>
  ANY_LINK.test(html) && (!/<html[\s>]/i.test(html) || /<\/html\s*>\s*$/i.test(html));

/** The years that the start page links to, newest first. */
export const parseYears = (html: string): string[] =>
  [...new Set([...html.matchAll(YEAR_LINK)].map((match) => match[1]!))].sort().reverse();

/** The rounded size in a table row, if there is exactly one. */
const sizeIn = (row: string): number | undefined => {
  const sizes = [...row.replace(/<[^>]*>/g, ' ').matchAll(SIZE)];
  return sizes.length === 1 ? Math.round(Number(sizes[0]![1]) * UNITS[sizes[0]![2]!]!) : undefined;
};

/**
 * Adds the files that a year's page links to. A link counts only if the whole key is `data/YYYY/NAME` and NAME is the
 * name of a dump file: nothing else is ever requested, or becomes part of a path.
 */
export const addFilesOf = (html: string, listing: ListingBuilder): void => {
  for (const row of html.split(/\n|(?=<tr[\s>])/i)) {
    for (const [, link] of row.matchAll(FILE_LINK)) {
      let key: string;
      try {
        key = decodeURIComponent(link!);
      } catch {
        listing.ignore(link!);
        continue;
      }
      const name = parseFileName(KEY.exec(key)?.[1] ?? '');
      if (name === undefined) listing.ignore(key);
      else listing.add({ ...name, sizeEstimate: sizeIn(row), key });
    }
  }
};
