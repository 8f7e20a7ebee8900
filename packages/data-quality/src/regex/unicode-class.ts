import { type CodePointSet, complement, jsClass, rangeOf } from './code-point-set.js';
import { ExpressionError } from './expression-error.js';
import { CATEGORIES, looseName, PROPERTIES, SCRIPTS } from './unicode-names.js';

/** What `\d`, `\s` and `\w` stand for. */
export const UNICODE_PERL = {
  d: jsClass('\\p{Nd}'),
  s: jsClass('\\p{White_Space}'),
  w: jsClass('[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]'),
} as const;

/** These names mean categories, although properties have them too. */
const AMBIGUOUS = new Set(['cf', 'sc', 'lc']);

/** The set that `\p{name}` stands for. @throws ExpressionError */
export const unicodeClass = (text: string): CodePointSet => {
  // In this order, wherever they are.
  const operator = ['!=', ':', '='].find((one) => text.includes(one));
  if (operator === undefined) return byName(text);
  const at = text.indexOf(operator);
  const set = byValue(looseName(text.slice(0, at)), looseName(text.slice(at + operator.length)), text);
  return operator === '!=' ? complement(set) : set;
};

const byName = (text: string): CodePointSet => {
  const name = looseName(text);
  if (name === 'any') return rangeOf(0, 0x10ffff);
  if (name === 'ascii') return rangeOf(0, 0x7f);
  if (name === 'assigned') return jsClass('\\P{Cn}');
  const property = AMBIGUOUS.has(name) ? undefined : PROPERTIES.get(name);
  if (property !== undefined) return jsClass(`\\p{${property}}`);
  const category = CATEGORIES.get(name);
  if (category !== undefined) return jsClass(`\\p{gc=${category}}`);
  const script = SCRIPTS.get(name);
  if (script !== undefined) return available(`\\p{sc=${script}}`, text);
  throw unknown(text);
};

const byValue = (property: string, value: string, text: string): CodePointSet => {
  if (property === 'gc' || property === 'generalcategory') {
    if (value === 'any' || value === 'ascii' || value === 'assigned') return byName(value);
    const category = CATEGORIES.get(value);
    if (category !== undefined) return jsClass(`\\p{gc=${category}}`);
  }
  const script = SCRIPTS.get(value);
  if (script !== undefined) {
    if (property === 'sc' || property === 'script') return available(`\\p{sc=${script}}`, text);
    if (property === 'scx' || property === 'scriptextensions') return available(`\\p{scx=${script}}`, text);
  }
  throw unknown(text);
};

/** A script may be newer than the Unicode tables of this version of Node. */
const available = (source: string, text: string): CodePointSet => {
  try {
    return jsClass(source);
  } catch {
    throw unknown(text);
  }
};

const unknown = (text: string): ExpressionError =>
  new ExpressionError(
    `\\p{${text}} is not supported: expected a general category, a script or a binary property of Unicode`,
  );
