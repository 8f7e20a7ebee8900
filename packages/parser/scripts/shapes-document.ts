import { DATA_TYPES } from '../src/data-type.js';
import { knownFormat } from '../src/known-format/known-format.js';
import type { KnownContent, KnownPath } from '../src/known-format/known-path.js';

/** `SHAPES.md`, written from the table in `src/known-format`. */
export const SHAPES_DOCUMENT: URL = new URL('../SHAPES.md', import.meta.url);

const INTRODUCTION = `# Shapes of the dumps

<!-- Written by \`npm run shapes\` from packages/parser/src/known-format. Do not edit. -->

The elements and attributes that records of each type have had, as far as they are known: \`knownFormat(dataType)\`
returns the same rows. Compare them with the [inventory](README.md#inventory) of a dump.

- **holds**: text, child elements, or nothing (attributes alone, or an empty value). White space alone is nothing.
- **repeats**: whether it can occur more than once in its parent element. Then it can become an array in JSON
  ([CONVERSION.md](CONVERSION.md)).
- **required**: whether every parent element has it.
- **since**, **until**: the first month with this form, and the first month without it. A path whose form has changed has
  several rows. No month means: since the oldest dumps that are known, or until today.
- **share**: how many records of the real dump of 2020-08-06 have it with something in it (of 1,000 of each type).
- Since 2025-05, most elements and attributes that would be empty are left out.
- \`sub_tracks\` can nest: a track in them has what any track has.

The sources are excerpts of the dump of 2020-08-06, and what users of other tools have reported about dumps before and
after it.
`;

const WORDS: Readonly<Record<KnownContent, string>> = { text: 'text', children: 'elements', empty: 'nothing' };

const rowOf = ({ path, holds, repeats, required, since, until, share }: KnownPath): string => {
  const cells = [
    `\`${path}\``,
    holds.map((content) => WORDS[content]).join(', '),
    repeats ? 'yes' : '',
    required ? 'yes' : '',
    since ?? '',
    until ?? '',
    share === undefined ? '' : `${Math.round(100 * share)} %`,
  ];
  return `| ${cells.join(' | ')} |`;
};

export const shapesDocument = (): string => {
  const sections = DATA_TYPES.map((dataType) => {
    const head = '| path | holds | repeats | required | since | until | share |\n|---|---|---|---|---|---|---:|';
    return `## ${dataType}\n\n${head}\n${knownFormat(dataType).map(rowOf).join('\n')}\n`;
  });
  return [INTRODUCTION, ...sections].join('\n');
};
