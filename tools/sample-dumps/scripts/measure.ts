/**
 * Prints statistics of a dump, for calibrating the generator: `pnpm tsx scripts/measure.ts FILE.xml.gz …`. `--json`
 * prints all of them.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { measureXml, type Spread } from './measure-xml.js';

const round = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(3));
const line = (of: Spread): string => `mean ${round(of.mean)} p50 ${of.p50} p90 ${of.p90} p99 ${of.p99} max ${of.max}`;

const json = process.argv.includes('--json');
for (const path of process.argv.slice(2).filter((argument) => argument !== '--json')) {
  const raw = readFileSync(path);
  const statistics = measureXml((raw[0] === 0x1f ? gunzipSync(raw) : raw).toString('utf8'));
  if (json) {
    console.log(JSON.stringify(statistics));
    continue;
  }
  console.log(`\n# ${path.split('/').at(-1)}: ${statistics.records} records, ${statistics.xmlBytes} bytes`);
  console.log(`record bytes   ${line(statistics.bytesPerRecord)}`);
  console.log(`gzip ratio     ${round(statistics.gzipRatio)}    self-closed ${round(statistics.selfClosed)}`);
  for (const [name, rate] of Object.entries(statistics.perKiB)) console.log(`per KiB        ${name}  ${round(rate)}`);
  for (const [name, at] of Object.entries(statistics.paths)) {
    console.log(
      `${name}  n=${at.elements} presence ${round(at.presence)}, per parent ${line(at.perParent)}, ` +
        `empty ${round(at.empty)} blank ${round(at.blank)}${at.text.count > 0 ? `, text ${line(at.text)}` : ''}`,
    );
    for (const [attribute, of] of Object.entries(at.attributes)) {
      console.log(
        `    @${attribute} presence ${round(of.presence)} empty ${round(of.empty)}, length ${line(of.length)}`,
      );
    }
    const sets = statistics.attributeSets[name];
    if (sets !== undefined && Object.keys(sets).length > 1) console.log('    sets', JSON.stringify(sets));
  }
}
