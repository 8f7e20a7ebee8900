// Checks a dump of releases with rules, and prints how many records violate each. Exits with status 1 if more records
// violate a rule than its fail_above allows.
//
//   node check-releases.mjs discogs_20260101_releases.xml.gz [rules.yaml]
import { availableParallelism } from 'node:os';
import {
  countFinding,
  createQualityCounts,
  createRulesTransform,
  findExceededRules,
  formatIssue,
  isQualityFinding,
  parseRules,
  readRules,
} from '@discogs-extractor/data-quality';
import { encodeRecords } from '@discogs-extractor/parser';

const RULES = `
rules:
  releases:
    - { name: no-title, field: title, condition: { type: required }, severity: error, fail_above: 1 }
    - { name: no-country, field: country, condition: { type: required }, severity: info }
    - { name: long-title, field: title, condition: { type: length, max: 40 }, severity: info }
    - { name: not-a-year, field: released, condition: { type: regex, pattern: '^\\D' }, severity: warning }
`;

const [dump, file] = process.argv.slice(2);
if (dump === undefined) {
  console.error('Usage: node check-releases.mjs DUMP [RULES]');
  process.exit(2);
}

const { rules, warnings } = file === undefined ? parseRules(RULES) : await readRules(file);
for (const warning of warnings) console.error(formatIssue(warning, file));

const counts = createQualityCounts();
const blocks = encodeRecords(dump, {
  dataType: 'releases',
  workers: availableParallelism(),
  transform: createRulesTransform(rules),
  onFinding: ({ finding }) => {
    if (isQualityFinding(finding)) countFinding(counts, finding);
  },
});
for await (const block of blocks) block.release();

const { records } = blocks.stats;
for (const [name, { severity, records: violating }] of Object.entries(counts.rules)) {
  console.log(`${String(violating).padStart(10)}  ${severity} ${name}`);
}
console.log(`${counts.flagged} of ${records} releases violate a rule, ${counts.skipped} are skipped`);
for (const { rule, percent, failAbove } of findExceededRules(rules.releases, counts, records)) {
  console.error(`${percent.toFixed(2)} % of the releases violate ${rule}, of which ${failAbove} % may`);
  process.exitCode = 1;
}
