import { Parser } from 'htmlparser2';
import { createRecordBuilder } from './record-builder.mjs';

/** @type {import('./peers.mjs').CreatePeer} */
export const createHtmlparser2Peer = (onRecord) => {
  const { startElement, addText, endElement } = createRecordBuilder(onRecord);
  const parser = new Parser(
    { onopentag: (_name, attributes) => startElement(attributes), ontext: addText, onclosetag: endElement },
    { xmlMode: true },
  );
  return { write: (xml) => parser.write(xml), end: () => parser.end() };
};
