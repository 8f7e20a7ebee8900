import { countFinding, createQualityCounts } from '@discogs-extractor/data-quality';
import { expect, it } from 'vitest';
import { knownQualityOf, qualityAnnotation } from '../src/pipeline/quality-annotation.js';

it('says of rules and reasons with any name what was found, after it was saved', () => {
  const counts = createQualityCounts();
  for (const name of ['__proto__', 'constructor', 'plain']) {
    const violations = [{ rule: name, severity: 'error', field: 'name', value: '' }] as const;
    countFinding(counts, { kind: 'quality', violations, skip: { field: 'name', value: '', reason: name } });
  }
  const digests = { delivery: 'a', reports: 'b' };
  const reports = { violationsBytes: 1, skippedBytes: 2, keptRecords: 3, unkeptRecords: 4, counts };
  const annotations = JSON.parse(JSON.stringify(qualityAnnotation(digests, reports)));
  const progressOf = (saved: object) => ({ annotations: saved }) as Parameters<typeof knownQualityOf>[0];
  const known = knownQualityOf(progressOf(annotations))!;
  expect(known).toEqual({ digests, reports });
  // `toEqual` does not look at a member `__proto__`.
  expect(Object.entries(known.reports.counts.rules)).toEqual(Object.entries(counts.rules));
  expect(Object.entries(known.reports.counts.skipReasons)).toEqual(Object.entries(counts.skipReasons));
  annotations.quality.violations.plain.records = -1;
  expect(knownQualityOf(progressOf(annotations))).toBeUndefined();
});
