import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { readSample, repeatRecords } from '../src/repeat-records.mjs';

test('the records of a dump are repeated as often as the size takes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'repeat-'));
  try {
    const records =
      '<label><id>1</id><sublabels><label id="2">A</label></sublabels></label>\n<label><id>3</id></label>\n';
    const [file, target] = [join(folder, 'a.xml.gz'), join(folder, 'b.xml.gz')];
    await writeFile(file, gzipSync(`<?xml version="1.0"?>\n<labels>\n${records}</labels>\n`));
    expect(await readSample(file, 'labels', 1e6)).toBe(`<labels>\n${records}</labels>\n`);
    await repeatRecords(file, 'labels', records.length * 2 + 1, target);
    expect(gunzipSync(await readFile(target)).toString()).toBe(`<labels>\n${records.repeat(3)}</labels>\n`);
    await expect(readSample(file, 'artists', 1e6)).rejects.toThrow('does not begin as a dump of artists');
  } finally {
    await rm(folder, { recursive: true });
  }
});
