import type { CanonicalBuffer } from '../record/canonical-buffer.js';
import { addId, assertPlain, compareNames, memberJson, sortedNames } from '../record/write-record.js';
import type { RecordMembers } from './record-members.js';

/**
 * Writes a record of which a transform was given some members only: `changed` takes the place of these, and the others
 * are copied.
 *
 * @param members - those of the record before the transform
 * @throws TypeError if it holds something that JSON cannot
 */
export const writeChangedMembers = (changed: object, members: RecordMembers, to: CanonicalBuffer): void => {
  assertPlain(changed, 'record');
  const { bytes: source, count, names, isField, starts, ends } = members;
  const changedNames = sortedNames(changed);
  /** Members that were next to each other are copied together. */
  let runStart = 0;
  let runEnd = 0;
  let lastInRun = -1;
  const copyRun = (): void => {
    if (lastInRun >= 0) to.addBytes(source, runStart, runEnd);
    lastInRun = -1;
  };
  to.open();
  let index = 0;
  for (let next = 0; next <= changedNames.length; next++) {
    const name = changedNames[next];
    for (; index < count; index++) {
      const order = name === undefined ? -1 : compareNames(names[index]!, name);
      if (order > 0) break;
      // What is changed takes the place of a member of the same name, of which the transform does not know.
      if (isField[index] || order === 0) continue;
      if (names[index] === 'id') {
        copyRun();
        const from = to.end;
        to.addBytes(source, starts[index]!, ends[index]!);
        to.markId(from);
        continue;
      }
      if (lastInRun !== index - 1) copyRun();
      if (lastInRun < 0) runStart = starts[index]!;
      runEnd = ends[index]!;
      lastInRun = index;
    }
    copyRun();
    if (name === undefined) break;
    const value = (changed as Record<string, unknown>)[name];
    if (value === undefined) continue;
    const member = memberJson(name, value);
    if (name === 'id') addId(member, to);
    else to.addText(member);
  }
  to.close();
};
