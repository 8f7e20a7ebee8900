import type { FileSummary, RunEvent } from '../events/run-events.js';
import { clockTime, grouped } from './format.js';

/** What a pass came to, as a table for a person. */
export const summaryOf = (event: Extract<RunEvent, { type: 'pass-finished' }>): string => {
  const head = `Dump ${event.version}: ${OUTCOMES[event.outcome]} in ${clockTime(event.seconds)}`;
  if (event.files.length === 0) return head;
  const total = event.files.reduce(
    (sum, { records, delivered, malformed }) => ({
      records: sum.records + records,
      delivered: sum.delivered + delivered,
      malformed: sum.malformed + malformed,
    }),
    { records: 0, delivered: 0, malformed: 0 },
  );
  const rows = [
    ['', 'records', 'this run', 'malformed', 'time', 'per second', ''],
    ...event.files.map((file) => [
      file.dataType,
      grouped(file.records),
      grouped(file.delivered),
      grouped(file.malformed),
      file.outcome === 'skipped' ? '' : clockTime(file.seconds),
      file.delivered > 0 ? grouped(file.delivered / file.seconds) : '',
      noteOf(file),
    ]),
    [
      'total',
      grouped(total.records),
      grouped(total.delivered),
      grouped(total.malformed),
      clockTime(event.seconds),
      total.delivered > 0 ? grouped(total.delivered / event.seconds) : '',
      '',
    ],
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 || column === 6 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
      )
      .join('  ')
      .trimEnd(),
  );
  return [head, ...lines.map((line) => `  ${line}`)].join('\n');
};

const OUTCOMES = {
  completed: 'all delivered',
  skipped: 'nothing to do, all was delivered before,',
  failed: 'not all delivered,',
  stopped: 'stopped',
} as const;

const noteOf = ({ outcome, irregularities, delivered, records }: FileSummary): string => {
  const odd = Object.entries(irregularities).map(([kind, count]) => `${kind} ${grouped(count)}`);
  switch (outcome) {
    case 'skipped':
      return 'done in an earlier run';
    case 'failed':
      return 'failed, see above';
    case 'stopped':
      return 'stopped, resumes here';
    case 'completed':
      return [...(delivered < records ? ['resumed'] : []), ...odd].join(', ');
  }
};
