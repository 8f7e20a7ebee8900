import { type Fields, flag, list, object, optional, positive, type Reader, text, whole } from './read-values.js';

/** A label or series of a release. */
export interface CatalogueEntry {
  id: number | undefined;
  name: string | undefined;
  /** Catalogue number. */
  catno: string | undefined;
}

/** A format of a release, such as two vinyl records. */
export interface Format {
  /** Such as `Vinyl`. */
  name: string | undefined;
  /** How many discs, tapes or files. */
  quantity: number | undefined;
  /** Free text, such as a colour. */
  text: string | undefined;
  /** Such as `12"` and `33 ⅓ RPM`. */
  descriptions: string[];
}

/** An identifier of a release, such as a barcode or a matrix number. */
export interface Identifier {
  type: string | undefined;
  value: string | undefined;
  description: string | undefined;
}

/** A company that took part in a release. */
export interface Company {
  id: number | undefined;
  name: string | undefined;
  /** Catalogue number. */
  catno: string | undefined;
  /** The company's role as a number. */
  entityType: number | undefined;
  /** The role in words, such as `Pressed By`. */
  entityTypeName: string | undefined;
  /** The company's URL in the Discogs API. */
  resourceUrl: string | undefined;
}

/** The master that a release belongs to. */
export interface MasterReference {
  id: number | undefined;
  /** Whether the release is the master's main release. In dumps since the end of 2017. */
  isMainRelease: boolean | undefined;
}

const ENTRY: Fields<CatalogueEntry> = { id: ['@id', positive], name: ['@name', text], catno: ['@catno', text] };

const entry: Reader<CatalogueEntry> = (value, context) => object(value ?? null, context, ENTRY);

const FORMAT: Fields<Format> = {
  name: ['@name', text],
  quantity: ['@qty', whole],
  text: ['@text', text],
  descriptions: ['descriptions', (value, context) => list(value, context, 'description', text)],
};

const format: Reader<Format> = (value, context) => object(value ?? null, context, FORMAT);

const IDENTIFIER: Fields<Identifier> = {
  type: ['@type', text],
  value: ['@value', text],
  description: ['@description', text],
};

const identifier: Reader<Identifier> = (value, context) => object(value ?? null, context, IDENTIFIER);

const COMPANY: Fields<Company> = {
  id: ['id', positive],
  name: ['name', text],
  catno: ['catno', text],
  entityType: ['entity_type', whole],
  entityTypeName: ['entity_type_name', text],
  resourceUrl: ['resource_url', text],
};

const company: Reader<Company> = (value, context) => object(value ?? null, context, COMPANY);

const MASTER: Fields<MasterReference> = { id: ['#text', positive], isMainRelease: ['@is_main_release', flag] };

const masterOf: Reader<MasterReference> = (value, context) => object(value ?? null, context, MASTER);

/** `<labels>` of `<label …/>` */
export const labelEntries: Reader<CatalogueEntry[]> = (value, context) => list(value, context, 'label', entry);

/** `<series>` of `<series …/>` */
export const seriesEntries: Reader<CatalogueEntry[]> = (value, context) => list(value, context, 'series', entry);

/** `<formats>` of `<format …>` */
export const formats: Reader<Format[]> = (value, context) => list(value, context, 'format', format);

/** `<identifiers>` of `<identifier …/>` */
export const identifiers: Reader<Identifier[]> = (value, context) => list(value, context, 'identifier', identifier);

/** `<companies>` of `<company>` */
export const companies: Reader<Company[]> = (value, context) => list(value, context, 'company', company);

/** `<master_id>`, with or without its attribute. */
export const releaseMaster: Reader<MasterReference | undefined> = (value, context) =>
  optional(value, context, masterOf);
