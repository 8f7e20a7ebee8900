import { describeTraits, formatShare, type Inventory, traitsOf } from '@discogs-extractor/data-quality/drift';
import { formatCount } from '../report/format.js';
import { formatTable } from '../report/table.js';

const HEAD = ['path', 'records', 'share', 'most', 'holds', 'example'] as const;

/** Columns that are aligned to the left. */
const LEFT = [0, 4, 5];

/**
 * An inventory as lines of a table, one per path: attributes before elements, each element before what is in it.
 *
 * @param isTree - whether a path is shown as its last name, indented, which takes less width, and else in full
 */
export const inventoryTable = (inventory: Inventory, isTree: boolean): string[] => {
  const rows = Object.keys(inventory.paths)
    .sort(comparePaths)
    .map((path) => {
      const { records, maxRepeats, first } = inventory.paths[path]!;
      return [
        isTree ? indentedName(path) : path,
        formatCount(records),
        formatShare(records / inventory.records),
        maxRepeats > 1 ? formatCount(maxRepeats) : '',
        contentOf(inventory, path),
        first.id === String(first.number) ? first.id : `${first.id} (record ${formatCount(first.number)})`,
      ];
    });
  return formatTable([HEAD, ...rows], LEFT);
};

/** What a path holds. That it repeats or is absent is in other columns. */
const contentOf = (inventory: Inventory, path: string): string => {
  const traits = traitsOf(inventory, path).filter((trait) => trait !== 'repeated' && trait !== 'absent');
  const hasAttributes = Object.keys(inventory.paths).some((other) => other.startsWith(`${path}/@`));
  const text = describeTraits(traits);
  return hasAttributes ? text.replace('nothing', 'attributes alone') : text;
};

const indentedName = (path: string): string => {
  const names = path.split('/');
  return `${'  '.repeat(names.length - 1)}${names.at(-1)}`;
};

/** By the names that a path consists of, so that an element is followed by what is in it. */
export const comparePaths = (one: string, other: string): number => {
  const [a, b] = [one.split('/'), other.split('/')];
  for (const [index, name] of a.entries()) {
    const otherName = b[index];
    if (otherName === undefined) return 1;
    if (name !== otherName) return name < otherName ? -1 : 1;
  }
  return a.length - b.length;
};
