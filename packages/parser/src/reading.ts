/**
 * How a record's XML becomes values (CONVERSION.md, sections 4, 5 and 7):
 *
 * - `xmltodict`: text is trimmed, attribute values keep their white space, and records of releases and masters get a
 *   member `id`.
 * - `platform`: as the Discogsography platform has read dumps since March 2026. Text is not trimmed, white space in
 *   attribute values becomes spaces, U+0000 becomes U+FFFD, and no `id` is added.
 */
export type Reading = 'xmltodict' | 'platform';

export const READINGS: readonly Reading[] = ['xmltodict', 'platform'];
