/** A set of code points, which is asked about the few that occur in texts instead of being listed. */
export interface CodePointSet {
  /** Equal sets have equal keys, unless they are written in different ways. */
  readonly key: string;
  readonly has: (codePoint: number) => boolean;
}

export const rangeOf = (first: number, last: number): CodePointSet => ({
  key: first === last ? String(first) : `${first}-${last}`,
  has: (codePoint) => codePoint >= first && codePoint <= last,
});

export const single = (codePoint: number): CodePointSet => rangeOf(codePoint, codePoint);

export const NO_CODE_POINTS: CodePointSet = { key: '', has: () => false };

const operation = (name: string, sets: readonly CodePointSet[], has: CodePointSet['has']): CodePointSet => ({
  key: `${name}(${sets.map(({ key }) => key).join(',')})`,
  has,
});

export const union = (sets: readonly CodePointSet[]): CodePointSet =>
  sets.length === 1
    ? sets[0]!
    : operation('or', sets, (codePoint) => {
        for (const { has } of sets) if (has(codePoint)) return true;
        return false;
      });

export const complement = (set: CodePointSet): CodePointSet =>
  operation('not', [set], (codePoint) => !set.has(codePoint));

export const intersection = (one: CodePointSet, other: CodePointSet): CodePointSet =>
  operation('and', [one, other], (codePoint) => one.has(codePoint) && other.has(codePoint));

export const difference = (one: CodePointSet, other: CodePointSet): CodePointSet =>
  operation('minus', [one, other], (codePoint) => one.has(codePoint) && !other.has(codePoint));

export const symmetricDifference = (one: CodePointSet, other: CodePointSet): CodePointSet =>
  operation('xor', [one, other], (codePoint) => one.has(codePoint) !== other.has(codePoint));

/** The set of what a class of JavaScript's expressions matches, such as `[\p{L}_]`. */
export const jsClass = (source: string): CodePointSet => {
  const expression = new RegExp(`^${source}$`, 'u');
  return { key: source, has: (codePoint) => expression.test(String.fromCodePoint(codePoint)) };
};

/** With all code points that differ from one of the set by case only (Unicode's simple case folding). */
export const foldCase = (set: CodePointSet): CodePointSet =>
  operation('fold', [set], (codePoint) => set.has(codePoint) || variantsOf(codePoint).some(set.has));

/** The same for ASCII letters only. */
export const foldAsciiCase = (set: CodePointSet): CodePointSet =>
  operation('foldAscii', [set], (codePoint) => {
    if (set.has(codePoint)) return true;
    const lower = codePoint | 0x20;
    return codePoint < 0x80 && lower >= 0x61 && lower <= 0x7a && set.has(codePoint ^ 0x20);
  });

let cased: string | undefined;

/** The code points that JavaScript takes for equal to one if case does not matter: it uses simple case folding too. */
const variantsOf = (codePoint: number): number[] => {
  cased ??= listCased();
  const text = String.fromCodePoint(codePoint);
  if (!CASED.test(text)) return [];
  const same = cased.match(new RegExp(`\\u{${codePoint.toString(16)}}`, 'giu')) ?? [];
  return same.map((one) => one.codePointAt(0)!);
};

const CASED = /[\p{Changes_When_Casefolded}\p{Changes_When_Casemapped}]/u;

const listCased = (): string => {
  let list = '';
  for (let codePoint = 0; codePoint < 0x20000; codePoint++) {
    if (codePoint === 0xd800) codePoint = 0xe000;
    const text = String.fromCodePoint(codePoint);
    if (CASED.test(text)) list += text;
  }
  return list;
};
