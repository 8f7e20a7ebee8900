import type { DriftChange, PathFacts, PathTrait } from './drift-change.js';

const TRAITS: Readonly<Record<PathTrait, string>> = {
  text: 'text',
  children: 'elements',
  empty: 'nothing',
  repeated: 'repeated',
  absent: 'sometimes absent',
};

/** A share from 0 to 1 in per cent: `12.3 %`. What is not all or nothing is never shown as such. */
export const formatShare = (share: number): string => {
  if (share === 0 || share === 1) return `${100 * share} %`;
  const percent = 100 * share;
  if (percent < 0.1) return '< 0.1 %';
  return percent > 99.9 ? '> 99.9 %' : `${percent.toFixed(1)} %`;
};

/** What a path holds: `text, repeated`. */
export const describeTraits = (traits: readonly PathTrait[]): string => traits.map((trait) => TRAITS[trait]).join(', ');

/** One change in a sentence without a full stop, such as `release/images and 6 paths below it are gone (70.1 % …)`. */
export const describeChange = ({ type, path, below, before, after, knownSince, example }: DriftChange): string => {
  const paths =
    below.length === 0 ? path : `${path} and ${below.length === 1 ? '1 path' : `${below.length} paths`} below`;
  const isOne = below.length === 0;
  const notes = knownSince === undefined ? [] : [`known since ${knownSince}`];
  const where = example === undefined ? [] : [`such as record ${example.number}, id ${example.id}`];
  const of = (facts: PathFacts): string => `in ${formatShare(facts.share)} of the records`;
  switch (type) {
    case 'new':
      return sentence(`${paths} ${isOne ? 'is' : 'are'} new`, [of(after!), ...where, ...notes]);
    case 'gone':
      return sentence(`${paths} ${isOne ? 'is' : 'are'} gone`, [
        ...(before === undefined ? [] : [`before ${of(before)}`]),
        ...where,
        ...notes,
      ]);
    case 'kind': {
      const was = before === undefined ? '' : ` (before: ${describeTraits(before.traits)})`;
      return sentence(`${path} holds ${describeTraits(after!.traits)}${was}`, [...where, ...notes]);
    }
    case 'share':
      return sentence(`${path} has content in ${formatShare(after!.filled!)} of its places`, [
        `before ${formatShare(before!.filled!)}`,
        ...where,
      ]);
  }
};

const sentence = (text: string, notes: readonly string[]): string =>
  notes.length === 0 ? text : `${text}: ${notes.join(', ')}`;
