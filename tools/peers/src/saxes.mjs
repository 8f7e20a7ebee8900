import { SaxesParser } from 'saxes';
import { createRecordBuilder } from './record-builder.mjs';

/** @type {import('./peers.mjs').CreatePeer} */
export const createSaxesPeer = (onRecord) => {
  const { startElement, addText, endElement } = createRecordBuilder(onRecord);
  const parser = new SaxesParser({ position: false, xmlns: false });
  parser.on('opentag', ({ attributes }) => startElement(attributes));
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', ({ name }) => endElement(name));
  return { write: (xml) => parser.write(xml), end: () => parser.close() };
};
