import type { DumpFile } from '../../dump-source.js';
import { parseFileName } from '../../names.js';
import { type PageRow, parsePageRows } from './page-rows.js';

/** A page of a listing: one of data.discogs.com, or a directory index of another server. */
export interface ListingPage {
  /** Whether the page is a listing at all, and not a challenge or an error page with status 200. */
  readonly isListing: boolean;
  /** Whether the page ends before its `</html>`: it would lack the versions at its end. */
  readonly isCut: boolean;
  readonly files: readonly DumpFile[];
  /** The pages of years that this page links to, by year. */
  readonly years: ReadonlyMap<string, URL>;
  /** The page of `data/`, for copies of the whole bucket. */
  readonly dataDirectory?: URL | undefined;
  /** Links to files that are not dump files, or not of the page's year. */
  readonly ignored: readonly string[];
}

/** Where a page came from. */
export interface PageOrigin {
  /** The page's address, after redirects. */
  readonly url: URL;
  /** Hosts that a link may lead to. */
  readonly hosts: ReadonlySet<string>;
  /** The year whose page it is; `undefined` for the start page. */
  readonly year?: string | undefined;
}

const YEAR_PREFIX = /^data\/([0-9]{4})\/$/;
const KEY = /^data\/([0-9]{4})\/([^/]+)$/;
const YEAR_DIRECTORY = /^([0-9]{4})\/?$/;
/** Titles of the directory indexes of nginx, Apache, lighttpd and many others, and of Python. */
const INDEX_HEADING = /^\s*(?:Index of|Directory listing for)\b/i;
const ROUNDED_SIZE = /(?<![\w.:-])([0-9]+(?:\.[0-9]+)?)\s*([KMGT])i?B?(?![\w])/g;
const UNITS: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };
/** The bytes at the end of a line of nginx. */
const BYTES_AT_END = /\s([0-9]{1,15})\s*$/;

/** The size in a row, if there is exactly one. */
const sizeIn = ({ text }: PageRow): number | undefined => {
  const sizes = [...text.matchAll(ROUNDED_SIZE)];
  if (sizes.length === 1) return Math.round(Number(sizes[0]![1]) * UNITS[sizes[0]![2]!]!);
  const bytes = sizes.length === 0 ? BYTES_AT_END.exec(text)?.[1] : undefined;
  return bytes === undefined ? undefined : Number(bytes);
};

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/**
 * Reads a page's links. A file counts only if it is on a host of the listing, its whole path or key is as expected, its
 * name is that of a dump file, and its year is that of the directory or page: nothing else is ever requested, or becomes
 * part of a path.
 */
export const readListingPage = async (html: string, { url: page, hosts, year }: PageOrigin): Promise<ListingPage> => {
  const { rows, base: baseHref, heading, isCut } = await parsePageRows(html);
  const base = baseHref !== undefined && URL.canParse(baseHref, page.href) ? new URL(baseHref, page.href) : page;
  // Some servers show the index of a directory at an address without the slash at its end.
  const directories = [page.pathname.slice(0, page.pathname.lastIndexOf('/') + 1), `${page.pathname}/`];
  const files: DumpFile[] = [];
  const years = new Map<string, URL>();
  const ignored: string[] = [];
  let dataDirectory: URL | undefined;
  let isListing = INDEX_HEADING.test(heading);

  const add = (name: string, folderYear: string | undefined, key: string, row: PageRow): void => {
    const parsed = parseFileName(name);
    const fileYear = parsed?.version.slice(0, 4);
    if (parsed === undefined || (folderYear ?? fileYear) !== fileYear || (year ?? fileYear) !== fileYear) {
      ignored.push(key);
    } else files.push({ ...parsed, sizeEstimate: sizeIn(row), key });
  };
  /** A path on the page's own server, without query and credentials. */
  const urlOf = (path: string): URL => new URL(path, page.origin);

  /** A link of data.discogs.com: a key in its query. */
  const addKeyed = (prefix: string | null, key: string | null, row: PageRow): void => {
    isListing = true;
    const linkedYear = YEAR_PREFIX.exec(prefix ?? '')?.[1];
    const linked = new URL(`?prefix=${encodeURIComponent(prefix ?? '')}`, page);
    if (linkedYear !== undefined) years.set(linkedYear, linked);
    else if (prefix === 'data/') dataDirectory = linked;
    if (key === null) return;
    const match = KEY.exec(key);
    if (match === null) ignored.push(key);
    else add(match[2]!, match[1]!, key, row);
  };
  /** A link of a directory index: a path. */
  const addPath = (path: string, row: PageRow): void => {
    const directory = directories.find((candidate) => path.startsWith(candidate));
    const rest = directory === undefined ? '' : path.slice(directory.length);
    const linkedYear = YEAR_DIRECTORY.exec(rest)?.[1];
    if (linkedYear !== undefined) {
      isListing = true;
      years.set(linkedYear, urlOf(`${directory}${linkedYear}/`));
    } else if (rest === 'data/') {
      isListing = true;
      dataDirectory = urlOf(`${directory}${rest}`);
    } else if (rest !== '' && !rest.includes('/')) {
      const name = decode(rest);
      isListing ||= parseFileName(name) !== undefined;
      if (parseFileName(name) === undefined) ignored.push(name);
      else add(name, undefined, urlOf(path).href, row);
    }
  };

  for (const row of rows) {
    for (const href of row.links) {
      const link = URL.canParse(href, base.href) ? new URL(href, base.href) : undefined;
      if (link === undefined || !/^https?:$/.test(link.protocol)) continue;
      const prefix = link.searchParams.get('prefix');
      const key = link.searchParams.get('download');
      if (!hosts.has(link.host)) {
        if (key !== null || parseFileName(decode(link.pathname.split('/').at(-1)!)) !== undefined) ignored.push(href);
      } else if (prefix !== null || key !== null) addKeyed(prefix, key, row);
      else addPath(link.pathname, row);
    }
  }
  return { isListing, isCut, files, years, dataDirectory, ignored };
};
