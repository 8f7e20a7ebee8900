import type { Element } from './element.js';

/** One member of an object: its name and its value's canonical JSON. */
export type Member = readonly [name: string, json: string];

/** An object's members in canonical order. */
export const membersOf = (element: Element): Member[] => {
  const members: [string, string][] = [];
  if (element.attributes !== undefined) {
    for (const [name, value] of element.attributes) members.push([`@${name}`, JSON.stringify(value)]);
  }
  if (element.children !== undefined) {
    for (const [name, elements] of element.children) {
      const [first] = elements;
      members.push([name, elements.length === 1 ? jsonOf(first!) : `[${elements.map(jsonOf).join(',')}]`]);
    }
  }
  if (element.text !== '') members.push(['#text', JSON.stringify(element.text)]);
  return members.sort(byName);
};

export const objectOf = (members: readonly Member[]): string =>
  `{${members.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`;

/** Whether an element becomes an object (CONVERSION.md, section 5). */
export const isObject = (element: Element): boolean =>
  element.attributes !== undefined || element.children !== undefined;

const jsonOf = (element: Element): string => {
  if (isObject(element)) return objectOf(membersOf(element));
  return element.text === '' ? 'null' : JSON.stringify(element.text);
};

/**
 * By UTF-8 bytes, which is by code points. UTF-16 code units sort differently only if characters above U+FFFF are
 * compared with U+E000 and above, and names hold no such characters (`sax` refuses them).
 */
export const byName = ([one]: Member, [other]: Member): number => (one < other ? -1 : one > other ? 1 : 0);
