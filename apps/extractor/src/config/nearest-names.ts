const MAX_NAMES = 3;

/** The known names that a misspelled one was most likely meant to be, the nearest first; empty if none is near. */
export const nearestNames = (misspelled: string, known: readonly string[]): readonly string[] => {
  const written = misspelled.toLowerCase().replaceAll('-', '_');
  return known
    .map((name) => ({ name, distance: editDistance(written, name) }))
    .filter(({ name, distance }) => distance <= Math.max(2, Math.floor(name.length / 3)) || name.includes(written))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, MAX_NAMES)
    .map(({ name }) => name);
};

/** How many letters have to be inserted, deleted or replaced to turn one text into the other (Levenshtein). */
const editDistance = (one: string, other: string): number => {
  let previous = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [row, letter] of [...one].entries()) {
    const current = [row + 1];
    for (let column = 0; column < other.length; column++) {
      const replaced = previous[column]! + (letter === other[column] ? 0 : 1);
      current.push(Math.min(replaced, previous[column + 1]! + 1, current[column]! + 1));
    }
    previous = current;
  }
  return previous.at(-1)!;
};
