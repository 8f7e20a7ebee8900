import { XMLParser } from 'fast-xml-parser';
import { withId } from './record-builder.mjs';

/** @typedef {import('@discogs-extractor/parser').XmlValue} XmlValue */

/**
 * The same value with `null` for each empty element, which the package represents as an empty text.
 *
 * @param {XmlValue} value
 * @returns {XmlValue}
 */
const withNulls = (value) => {
  if (value === '') return null;
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(withNulls);
  for (const name in value) {
    if (!name.startsWith('@')) value[name] = withNulls(/** @type {XmlValue} */ (value[name]));
  }
  return value;
};

/**
 * The package parses whole documents only. So this gives it blocks of whole records: cut after an end tag of a record at
 * the end of a line, as records end in the dumps of Discogs.
 *
 * @type {import('./peers.mjs').CreatePeer}
 */
export const createFastXmlParserPeer = (onRecord, dataType) => {
  const parser = new XMLParser({
    attributeNamePrefix: '@',
    ignoreAttributes: false,
    parseTagValue: false,
    // It would trim texts before it decodes them, and attributes too.
    trimValues: false,
    tagValueProcessor: (_name, text) => text.trim(),
    htmlEntities: true,
    ignoreDeclaration: true,
    jPath: false,
  });
  const name = dataType.slice(0, -1);
  const startTag = `<${name}`;
  const endTag = `</${name}>\n`;
  let rest = '';
  return {
    write: (xml) => {
      rest += xml;
      const end = rest.lastIndexOf(endTag);
      if (end === -1) return;
      const block = rest.slice(0, end + endTag.length);
      rest = rest.slice(block.length);
      // The root's start tag comes before the first record.
      const records = parser.parse(block.slice(block.search(new RegExp(`${startTag}\\b`))))[name];
      for (const record of Array.isArray(records) ? records : [records]) onRecord(withId(withNulls(record)));
    },
    end: () => {},
  };
};
