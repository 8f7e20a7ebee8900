import { isDeepStrictEqual } from 'node:util';
import { parseRecords } from '@discogs-extractor/parser';
import { NODE_PEERS } from './peers.mjs';

const PIECE_LENGTH = 64 * 1024;

/**
 * Checks that all parsers of npm make the same objects of a document as `parseRecords`.
 *
 * @param {string} xml a whole document with a root
 * @param {import('@discogs-extractor/parser').DataType} dataType
 * @param {Readonly<Record<string, import('./peers.mjs').CreatePeer>>} [peers]
 * @returns {Promise<number>} the number of records
 * @throws Error naming the parser and the first record that differs
 */
export const compareObjects = async (xml, dataType, peers = NODE_PEERS) => {
  /** @type {unknown[]} */
  const ours = [];
  for await (const { record } of parseRecords(Buffer.from(xml), { dataType })) ours.push(record);
  for (const [name, createPeer] of Object.entries(peers)) {
    /** @type {unknown[]} */
    const theirs = [];
    const peer = createPeer((record) => theirs.push(record), dataType);
    for (let at = 0; at < xml.length; at += PIECE_LENGTH) peer.write(xml.slice(at, at + PIECE_LENGTH));
    peer.end();
    const different = ours.findIndex((record, at) => !isDeepStrictEqual(record, theirs[at]));
    if (different !== -1) throw new Error(`${name} makes another object of record ${different + 1} of the ${dataType}`);
    if (theirs.length !== ours.length) {
      throw new Error(`${name} finds ${theirs.length} ${dataType} instead of ${ours.length}`);
    }
  }
  return ours.length;
};
