/**
 * Records as `parseRecords` gives them: what the XML of each year can become under the rules of READING.md.
 *
 * The rules look at one record alone, so a child that occurs once is a value and one that repeats is an array, and an
 * element that holds nothing is `null`. Fields come and go over the years, hence every field but few is optional, and
 * fields that these types do not name are there as `XmlValue`.
 */

/** Anything that an element can become. */
export type XmlValue = string | null | XmlObject | XmlValue[];

/** An element with attributes (`@name`), child elements and perhaps text (`#text`). */
export interface XmlObject {
  [name: string]: XmlValue | undefined;
}

/** A child that may repeat. */
export type OneOrMany<T> = T | T[];

/** An element's text, `null` where it is empty. */
export type Text = string | null;

export interface Image extends XmlObject {
  '@type'?: string;
  '@uri'?: string;
  '@uri150'?: string;
  '@width'?: string;
  '@height'?: string;
}

/** A name that refers to another artist or label by `@id`; a mere string in dumps where the attribute is left out. */
export interface NameReference extends XmlObject {
  '@id'?: string;
  '#text'?: string;
}

/** Up to 2025-04 each member's id comes as an element as well, beside its `name`. */
export interface Members extends XmlObject {
  id?: OneOrMany<Text>;
  name?: OneOrMany<NameReference | Text>;
}

export interface Images extends XmlObject {
  image?: OneOrMany<Image | null>;
}

export interface Urls extends XmlObject {
  url?: OneOrMany<Text>;
}

export interface Names extends XmlObject {
  name?: OneOrMany<NameReference | Text>;
}

export interface ArtistRecord extends XmlObject {
  id?: Text;
  name?: Text;
  realname?: Text;
  profile?: Text;
  data_quality?: Text;
  images?: Images | null;
  urls?: Urls | null;
  namevariations?: Names | null;
  aliases?: Names | null;
  groups?: Names | null;
  members?: Members | null;
}

export interface LabelRecord extends XmlObject {
  id?: Text;
  name?: Text;
  contactinfo?: Text;
  profile?: Text;
  data_quality?: Text;
  images?: Images | null;
  urls?: Urls | null;
  parentLabel?: NameReference | Text;
  sublabels?: ({ label?: OneOrMany<NameReference | Text> } & XmlObject) | null;
}

/** An artist as credited on a release, a master or a track. */
export interface ArtistCredit extends XmlObject {
  id?: Text;
  name?: Text;
  /** Artist name variation; an element that holds only white space in some dumps, which is `null`. */
  anv?: Text;
  join?: Text;
  role?: Text;
  tracks?: Text;
}

export interface ArtistCredits extends XmlObject {
  artist?: OneOrMany<ArtistCredit | Text>;
}

export interface Video extends XmlObject {
  '@src'?: string;
  '@duration'?: string;
  '@embed'?: string;
  title?: Text;
  description?: Text;
}

export interface Videos extends XmlObject {
  video?: OneOrMany<Video | Text>;
}

export interface Genres extends XmlObject {
  genre?: OneOrMany<Text>;
}

export interface Styles extends XmlObject {
  style?: OneOrMany<Text>;
}

export interface MasterRecord extends XmlObject {
  '@id'?: string;
  /** The same as `@id`, added where the dump has no such element. */
  id?: Text;
  main_release?: Text;
  title?: Text;
  year?: Text;
  notes?: Text;
  data_quality?: Text;
  images?: Images | null;
  artists?: ArtistCredits | null;
  genres?: Genres | null;
  styles?: Styles | null;
  videos?: Videos | null;
}

export interface ReleaseLabel extends XmlObject {
  '@id'?: string;
  '@name'?: string;
  '@catno'?: string;
}

/** Since 2025-05; `<series>` holds elements of its own name. */
export interface Series extends XmlObject {
  series?: OneOrMany<({ '@id'?: string; '@name'?: string; '@catno'?: string } & XmlObject) | Text>;
}

export interface Format extends XmlObject {
  '@name'?: string;
  '@qty'?: string;
  '@text'?: string;
  descriptions?: ({ description?: OneOrMany<Text> } & XmlObject) | null;
}

export interface Track extends XmlObject {
  position?: Text;
  title?: Text;
  duration?: Text;
  artists?: ArtistCredits | null;
  extraartists?: ArtistCredits | null;
  /** Since 2014; tracks within a track, to any depth. */
  sub_tracks?: TrackList | null;
}

export interface TrackList extends XmlObject {
  track?: OneOrMany<Track | Text>;
}

export interface Identifier extends XmlObject {
  '@type'?: string;
  '@value'?: string;
  '@description'?: string;
}

export interface Company extends XmlObject {
  id?: Text;
  name?: Text;
  catno?: Text;
  entity_type?: Text;
  entity_type_name?: Text;
  resource_url?: Text;
}

/** Since the end of 2017 with `@is_main_release`; text alone before. */
export interface MasterId extends XmlObject {
  '@is_main_release'?: string;
  '#text'?: string;
}

export interface ReleaseRecord extends XmlObject {
  '@id'?: string;
  '@status'?: string;
  /** The same as `@id`, added where the dump has no such element. */
  id?: Text;
  title?: Text;
  country?: Text;
  released?: Text;
  notes?: Text;
  data_quality?: Text;
  master_id?: MasterId | Text;
  images?: Images | null;
  artists?: ArtistCredits | null;
  extraartists?: ArtistCredits | null;
  labels?: ({ label?: OneOrMany<ReleaseLabel | Text> } & XmlObject) | null;
  series?: Series | null;
  formats?: ({ format?: OneOrMany<Format | Text> } & XmlObject) | null;
  genres?: Genres | null;
  styles?: Styles | null;
  tracklist?: TrackList | null;
  identifiers?: ({ identifier?: OneOrMany<Identifier | Text> } & XmlObject) | null;
  videos?: Videos | null;
  companies?: ({ company?: OneOrMany<Company | Text> } & XmlObject) | null;
}

/** Which record type a data type has. */
export interface RecordTypes {
  artists: ArtistRecord;
  labels: LabelRecord;
  masters: MasterRecord;
  releases: ReleaseRecord;
}
