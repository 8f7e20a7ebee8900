import sax from 'sax';
import { createRecordBuilder } from './record-builder.mjs';

/** @type {import('./peers.mjs').CreatePeer} */
export const createSaxPeer = (onRecord) => {
  const { startElement, addText, endElement } = createRecordBuilder(onRecord);
  const parser = sax.parser(true, { position: false });
  parser.onopentag = ({ attributes }) => startElement(/** @type {Record<string, string>} */ (attributes));
  parser.ontext = addText;
  parser.oncdata = addText;
  parser.onclosetag = endElement;
  parser.onerror = (error) => {
    throw error;
  };
  return { write: (xml) => parser.write(xml), end: () => parser.close() };
};
