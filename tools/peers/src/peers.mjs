import { createFastXmlParserPeer } from './fast-xml-parser.mjs';
import { createHtmlparser2Peer } from './htmlparser2.mjs';
import { createSaxPeer } from './sax.mjs';
import { createSaxesPeer } from './saxes.mjs';

/**
 * @typedef {object} Peer A parser that takes the text of a dump in pieces.
 * @property {(xml: string) => void} write
 * @property {() => void} end
 */

/**
 * @typedef {(onRecord: import('./record-builder.mjs').OnRecord, dataType: import('@discogs-extractor/parser').DataType)
 *   => Peer} CreatePeer Creates a parser that calls `onRecord` with each record, in the shape of `parseRecords`.
 */

/**
 * The parsers of npm that the benchmark compares with, by package.
 *
 * @satisfies {Record<string, CreatePeer>}
 */
export const NODE_PEERS = {
  htmlparser2: createHtmlparser2Peer,
  saxes: createSaxesPeer,
  sax: createSaxPeer,
  'fast-xml-parser': createFastXmlParserPeer,
};
