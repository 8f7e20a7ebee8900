/**
 * Raw records: what `parseRecords` yields, typed by everything that the XML of any year becomes under CONVERSION.md.
 * The types of this file start with `Raw`; the typed records of `toRelease` and its siblings have the plain names.
 *
 * CONVERSION.md looks at one record at a time, so a child that occurs once is a value, one that repeats is an array,
 * and an empty element is `null`. Discogs adds and removes fields over the years: nearly every field is optional, and a
 * field that these types do not name is an `XmlValue`.
 */

/** Anything that an element can become. */
export type XmlValue = string | null | XmlObject | XmlValue[];

/** An element with attributes (`@name`), child elements or both, and possibly text (`#text`). */
export interface XmlObject {
  [name: string]: XmlValue | undefined;
}

/** A child that may repeat. */
export type OneOrMany<T> = T | T[];

/** An element's text; `null` if it is empty. */
export type RawText = string | null;

/** An element that holds child elements of one name, such as `<genres>` with its `<genre>` children. */
export type RawList<Name extends string, T> = { [K in Name]?: OneOrMany<T> } & XmlObject;

export interface RawImage extends XmlObject {
  '@type'?: string;
  '@uri'?: string;
  '@uri150'?: string;
  '@width'?: string;
  '@height'?: string;
}

/** The name of another artist or label, with its id. Dumps that omit the attribute have a plain string instead. */
export interface RawReference extends XmlObject {
  '@id'?: string;
  '#text'?: string;
}

/** Up to 2025-04, each member's id is an element of its own in addition to the attribute of its `name`. */
export interface RawMembers extends XmlObject {
  id?: OneOrMany<RawText>;
  name?: OneOrMany<RawReference | RawText>;
}

export interface RawArtist extends XmlObject {
  /** Absent if the dump has none that is a string. */
  id?: string;
  name?: RawText;
  realname?: RawText;
  profile?: RawText;
  data_quality?: RawText;
  images?: RawList<'image', RawImage | null> | null;
  urls?: RawList<'url', RawText> | null;
  namevariations?: RawList<'name', RawReference | RawText> | null;
  aliases?: RawList<'name', RawReference | RawText> | null;
  groups?: RawList<'name', RawReference | RawText> | null;
  members?: RawMembers | null;
}

export interface RawLabel extends XmlObject {
  /** Absent if the dump has none that is a string. */
  id?: string;
  name?: RawText;
  contactinfo?: RawText;
  profile?: RawText;
  data_quality?: RawText;
  images?: RawList<'image', RawImage | null> | null;
  urls?: RawList<'url', RawText> | null;
  parentLabel?: RawReference | RawText;
  sublabels?: RawList<'label', RawReference | RawText> | null;
}

/** An artist as credited on a release, a master or a track. */
export interface RawCredit extends XmlObject {
  id?: RawText;
  name?: RawText;
  /** Artist name variation. Some dumps have an element of white space alone here, which becomes `null`. */
  anv?: RawText;
  join?: RawText;
  role?: RawText;
  tracks?: RawText;
}

export interface RawVideo extends XmlObject {
  '@src'?: string;
  '@duration'?: string;
  '@embed'?: string;
  title?: RawText;
  description?: RawText;
}

export interface RawMaster extends XmlObject {
  '@id'?: string;
  /** The same as `@id`, added by the parser with `reading: 'xmltodict'`. */
  id?: string;
  main_release?: RawText;
  title?: RawText;
  year?: RawText;
  notes?: RawText;
  data_quality?: RawText;
  images?: RawList<'image', RawImage | null> | null;
  artists?: RawList<'artist', RawCredit | RawText> | null;
  genres?: RawList<'genre', RawText> | null;
  styles?: RawList<'style', RawText> | null;
  videos?: RawList<'video', RawVideo | RawText> | null;
}

/** A label or (since 2025-05) a series of a release. */
export interface RawCatalogueEntry extends XmlObject {
  '@id'?: string;
  '@name'?: string;
  '@catno'?: string;
}

export interface RawFormat extends XmlObject {
  '@name'?: string;
  '@qty'?: string;
  '@text'?: string;
  descriptions?: RawList<'description', RawText> | null;
}

export interface RawTrack extends XmlObject {
  position?: RawText;
  title?: RawText;
  duration?: RawText;
  artists?: RawList<'artist', RawCredit | RawText> | null;
  extraartists?: RawList<'artist', RawCredit | RawText> | null;
  /** Since 2014. Tracks can nest to any depth. */
  sub_tracks?: RawList<'track', RawTrack | RawText> | null;
}

export interface RawIdentifier extends XmlObject {
  '@type'?: string;
  '@value'?: string;
  '@description'?: string;
}

export interface RawCompany extends XmlObject {
  id?: RawText;
  name?: RawText;
  catno?: RawText;
  entity_type?: RawText;
  entity_type_name?: RawText;
  resource_url?: RawText;
}

/** Since the end of 2017 with `@is_main_release`; before that, text alone. */
export interface RawMasterReference extends XmlObject {
  '@is_main_release'?: string;
  '#text'?: string;
}

export interface RawRelease extends XmlObject {
  '@id'?: string;
  '@status'?: string;
  /** The same as `@id`, added by the parser with `reading: 'xmltodict'`. */
  id?: string;
  title?: RawText;
  country?: RawText;
  released?: RawText;
  notes?: RawText;
  data_quality?: RawText;
  master_id?: RawMasterReference | RawText;
  images?: RawList<'image', RawImage | null> | null;
  artists?: RawList<'artist', RawCredit | RawText> | null;
  extraartists?: RawList<'artist', RawCredit | RawText> | null;
  labels?: RawList<'label', RawCatalogueEntry | RawText> | null;
  /** Since 2025-05. */
  series?: RawList<'series', RawCatalogueEntry | RawText> | null;
  formats?: RawList<'format', RawFormat | RawText> | null;
  genres?: RawList<'genre', RawText> | null;
  styles?: RawList<'style', RawText> | null;
  tracklist?: RawList<'track', RawTrack | RawText> | null;
  identifiers?: RawList<'identifier', RawIdentifier | RawText> | null;
  videos?: RawList<'video', RawVideo | RawText> | null;
  companies?: RawList<'company', RawCompany | RawText> | null;
}

/** The type of a raw record by data type. */
export interface RawRecords {
  artists: RawArtist;
  labels: RawLabel;
  masters: RawMaster;
  releases: RawRelease;
}
