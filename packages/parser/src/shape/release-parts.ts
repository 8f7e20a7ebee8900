import { type Fields, flag, list, object, optional, positive, type Reader, text, whole } from './read-values.js';

/** A label or a series that a release came out on or in. */
export interface CatalogueEntry {
  id: number | undefined;
  name: string | undefined;
  /** Catalogue number. */
  catno: string | undefined;
}

/** What a release is made of, such as two vinyl records. */
export interface ReleaseFormat {
  /** Such as `Vinyl`. */
  name: string | undefined;
  /** How many. */
  quantity: number | undefined;
  /** Free text, such as a colour. */
  text: string | undefined;
  /** Such as `12"` and `33 ⅓ RPM`. */
  descriptions: string[];
}

/** A barcode, a matrix number and the like. */
export interface ReleaseIdentifier {
  type: string | undefined;
  value: string | undefined;
  description: string | undefined;
}

/** A company that had a part in a release. */
export interface ReleaseCompany {
  id: number | undefined;
  name: string | undefined;
  /** Catalogue number. */
  catno: string | undefined;
  /** The part as a number, and as words. */
  entityType: number | undefined;
  entityTypeName: string | undefined;
  /** Its address in Discogs' API. */
  resourceUrl: string | undefined;
}

/** The master that a release belongs to. */
export interface ReleaseMaster {
  id: number | undefined;
  /** Whether the release is the master's main one; told since the end of 2017. */
  isMainRelease: boolean | undefined;
}

const ENTRY: Fields<CatalogueEntry> = { id: ['@id', positive], name: ['@name', text], catno: ['@catno', text] };

const entry: Reader<CatalogueEntry> = (value, reading) => object(value ?? null, reading, ENTRY);

const FORMAT: Fields<ReleaseFormat> = {
  name: ['@name', text],
  quantity: ['@qty', whole],
  text: ['@text', text],
  descriptions: ['descriptions', (value, reading) => list(value, reading, 'description', text)],
};

const format: Reader<ReleaseFormat> = (value, reading) => object(value ?? null, reading, FORMAT);

const IDENTIFIER: Fields<ReleaseIdentifier> = {
  type: ['@type', text],
  value: ['@value', text],
  description: ['@description', text],
};

const identifier: Reader<ReleaseIdentifier> = (value, reading) => object(value ?? null, reading, IDENTIFIER);

const COMPANY: Fields<ReleaseCompany> = {
  id: ['id', positive],
  name: ['name', text],
  catno: ['catno', text],
  entityType: ['entity_type', whole],
  entityTypeName: ['entity_type_name', text],
  resourceUrl: ['resource_url', text],
};

const company: Reader<ReleaseCompany> = (value, reading) => object(value ?? null, reading, COMPANY);

const MASTER: Fields<ReleaseMaster> = { id: ['#text', positive], isMainRelease: ['@is_main_release', flag] };

const masterOf: Reader<ReleaseMaster> = (value, reading) => object(value ?? null, reading, MASTER);

/** `<labels>` of `<label …/>` */
export const labelEntries: Reader<CatalogueEntry[]> = (value, reading) => list(value, reading, 'label', entry);

/** `<series>` of `<series …/>` */
export const seriesEntries: Reader<CatalogueEntry[]> = (value, reading) => list(value, reading, 'series', entry);

/** `<formats>` of `<format …>` */
export const formats: Reader<ReleaseFormat[]> = (value, reading) => list(value, reading, 'format', format);

/** `<identifiers>` of `<identifier …/>` */
export const identifiers: Reader<ReleaseIdentifier[]> = (value, reading) =>
  list(value, reading, 'identifier', identifier);

/** `<companies>` of `<company>` */
export const companies: Reader<ReleaseCompany[]> = (value, reading) => list(value, reading, 'company', company);

/** `<master_id>`, with or without its attribute. */
export const releaseMaster: Reader<ReleaseMaster | undefined> = (value, reading) => optional(value, reading, masterOf);
