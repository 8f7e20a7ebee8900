/**
 * What the parsers that report events need in addition: a builder that makes records in the shape of `parseRecords`
 * from start tags, texts and end tags.
 *
 * @typedef {import('@discogs-extractor/parser').XmlObject} XmlObject
 * @typedef {import('@discogs-extractor/parser').XmlValue} XmlValue
 * @typedef {(record: XmlValue) => void} OnRecord
 */

/**
 * Releases and masters have their id as an attribute; `parseRecords` adds a member `id`.
 *
 * @param {XmlValue} record
 * @returns {XmlValue}
 */
export const withId = (record) => {
  if (record !== null && typeof record === 'object' && !Array.isArray(record)) {
    const id = record['@id'];
    if (id !== undefined) record['id'] = id;
  }
  return record;
};

/**
 * Returns the functions to call for each start tag, text and end tag of a document with a root. Each child of the root
 * is a record.
 *
 * @param {OnRecord} onRecord
 */
export const createRecordBuilder = (onRecord) => {
  /** @type {{ members: XmlObject | undefined, text: string }[]} */
  const open = [];
  return {
    /** @param {Record<string, string>} attributes */
    startElement: (attributes) => {
      /** @type {XmlObject | undefined} */
      let members;
      for (const name in attributes) {
        members ??= {};
        members[`@${name}`] = /** @type {string} */ (attributes[name]);
      }
      open.push({ members, text: '' });
    },
    /** @param {string} text */
    addText: (text) => {
      const element = open.at(-1);
      if (element !== undefined) element.text += text;
    },
    /** @param {string} name */
    endElement: (name) => {
      const { members, text } = /** @type {typeof open[number]} */ (open.pop());
      const trimmed = text.trim();
      if (members !== undefined && trimmed !== '') members['#text'] = trimmed;
      const value = members ?? (trimmed === '' ? null : trimmed);
      const parent = open.at(-1);
      if (parent === undefined) return;
      if (open.length === 1) {
        onRecord(withId(value));
        return;
      }
      parent.members ??= {};
      const siblings = parent.members[name];
      if (siblings === undefined) parent.members[name] = value;
      else if (Array.isArray(siblings)) siblings.push(value);
      else parent.members[name] = [siblings, value];
    },
  };
};
