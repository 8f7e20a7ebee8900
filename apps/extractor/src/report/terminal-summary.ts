import type { FileSummary, RunEvent } from '../events/run-events.js';
import { changesText } from './changes-text.js';
import { formatCount, formatDuration } from './format.js';
import { qualityText } from './quality-text.js';

/** The result of a run, as a table for people. */
export const summaryOf = (event: Extract<RunEvent, { type: 'dump-finished' }>): string => {
  const outcome = OUTCOMES[event.outcome === 'completed' && event.undelivered > 0 ? 'incomplete' : event.outcome];
  const head = `Dump ${event.version}: ${outcome} in ${formatDuration(event.seconds)}`;
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
      formatCount(file.records),
      formatCount(file.delivered),
      formatCount(file.malformed),
      file.outcome === 'skipped' ? '' : formatDuration(file.seconds),
      file.delivered > 0 ? formatCount(file.delivered / file.seconds) : '',
      noteOf(file),
    ]),
    [
      'total',
      formatCount(total.records),
      formatCount(total.delivered),
      formatCount(total.malformed),
      formatDuration(event.seconds),
      total.delivered > 0 ? formatCount(total.delivered / event.seconds) : '',
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
  incomplete: 'delivered, except for parts of it,',
  skipped: 'nothing to do, delivered before,',
  failed: 'not completely delivered,',
  stopped: 'stopped',
} as const;

const noteOf = ({ outcome, irregularities, delivered, records, missing, quality, changes }: FileSummary): string => {
  const counts = Object.entries(irregularities).map(([kind, count]) => `${kind} ${formatCount(count)}`);
  switch (outcome) {
    case 'skipped':
      return 'completed in an earlier run';
    case 'failed':
      return 'failed, see above';
    case 'stopped':
      return 'stopped, resumes here';
    case 'completed':
      return [
        ...(delivered < records ? ['resumed'] : []),
        ...counts,
        ...(changes ? [changesText(changes)] : []),
        ...(quality ? [qualityText(quality)].filter(Boolean) : []),
        ...(missing > 0 ? [`${formatCount(missing)} not in the queues any more`] : []),
      ].join(', ');
  }
};
