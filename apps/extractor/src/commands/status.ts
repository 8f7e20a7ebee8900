import { stat } from 'node:fs/promises';
import { createFolderSource, DATA_TYPES, type DumpVersion } from '@discogs-extractor/downloader';
import { createFileMarkerStore, type FileProgress, type StateMarker } from '@discogs-extractor/state-marker';
import { type ConfigSources, loadConfig } from '../config/load-config.js';
import { driftReportPath, readDriftReport } from '../drift/drift-files.js';
import { driftHeadline, summarizeDrift } from '../drift/drift-summary.js';
import { describeError, EXIT, ExtractorError } from '../errors.js';
import { knownChangesOf } from '../pipeline/changes-annotation.js';
import { knownQualityOf } from '../pipeline/quality-annotation.js';
import { changesText } from '../report/changes-text.js';
import { formatRecords } from '../report/format.js';
import { qualityText } from '../report/quality-text.js';
import { dataFolderOwner } from '../system/data-folder-lock.js';
import { describeOwner } from '../system/lock-owner.js';

export interface StatusOptions extends ConfigSources {
  /** Print the marker itself. */
  readonly json: boolean;
  /** Let the exit status say whether the newest dump is delivered. */
  readonly exitCode: boolean;
}

/** Changes of the format that are shown of each file. */
const MAX_SHOWN_CHANGES = 5;

/**
 * `discogs-extractor status`: prints the newest version's state marker, for people or as JSON (`null` if there is
 * none), which dumps are downloaded, and who has locked the folder. It only reads, so it can run next to an extractor. Resolves with the exit
 * status.
 *
 * @throws ExtractorError `FOLDER_UNUSABLE` if there is no such folder
 */
export const statusCommand = async ({ json, exitCode, ...sources }: StatusOptions): Promise<number> => {
  const { discogsRoot } = await loadConfig(sources, ['discogsRoot']);
  await assertFolder(discogsRoot);
  await using store = await createFileMarkerStore({ directory: discogsRoot, readOnly: true });
  const version = (await store.versions()).at(-1);
  const found = version === undefined ? undefined : await store.load(version);

  if (found?.status === 'corrupt') {
    process.stderr.write(`❌ Cannot read the state marker of ${version} in ${discogsRoot}: ${found.error.message}\n`);
    return EXIT.failed;
  }
  const marker = found?.status === 'found' ? found.marker : undefined;
  if (json) {
    process.stdout.write(`${JSON.stringify(marker ?? null, undefined, 2)}\n`);
  } else {
    const text = marker
      ? describe(marker) + (await describeDrift(discogsRoot, marker))
      : `Nothing has been delivered from ${discogsRoot} yet.\n`;
    process.stdout.write(text + (await describeDownloads(discogsRoot, marker?.current_version)));
    const owner = await dataFolderOwner(discogsRoot);
    if (owner !== undefined) process.stdout.write(`Lock of ${describeOwner(owner)}\n`);
  }
  return exitCode ? exitStatusFor(marker) : EXIT.done;
};

/** A misspelled path must not look like a folder in which nothing was done yet. */
const assertFolder = async (path: string): Promise<void> => {
  const stats = await stat(path).catch((error: unknown) => {
    throw new ExtractorError(
      'FOLDER_UNUSABLE',
      `Cannot read the data folder ${path}: ${describeError(error)}. Set --data (DISCOGS_ROOT) to an existing folder.`,
      { facts: { path }, cause: error },
    );
  });
  if (stats.isDirectory()) return;
  throw new ExtractorError('FOLDER_UNUSABLE', `${path} is not a folder. Set --data (DISCOGS_ROOT) to a folder.`, {
    facts: { path },
  });
};

const exitStatusFor = (marker: StateMarker | undefined): number => {
  const status = marker?.summary.overall_status;
  if (marker === undefined || (status !== 'completed' && status !== 'failed')) return EXIT.unfinished;
  const files = Object.values(marker.processing_phase.progress_by_file);
  return status === 'completed' && files.every(({ undelivered = 0 }) => undelivered === 0) ? EXIT.done : EXIT.failed;
};

/** The dumps in the folder that are newer than the delivered one. */
const describeDownloads = async (directory: string, delivered = ''): Promise<string> => {
  await using folder = createFolderSource({ directory });
  const { versions } = await folder.list();
  return versions
    .filter(({ version }) => version > delivered)
    .map((version) => `${describeDownload(version)}\n`)
    .join('');
};

const describeDownload = ({ version, data, checksum }: DumpVersion): string => {
  const types = DATA_TYPES.filter((type) => data[type] !== undefined);
  // The CHECKSUM file is written when all files of a download are verified.
  const isVerified = checksum !== undefined && types.length > 0;
  return `Dump ${version} is ${isVerified ? 'downloaded and verified' : 'partly downloaded'}: ${types.join(', ') || 'no data file yet'}`;
};

/** What is known about the format of the dump's files. */
const describeDrift = async (root: string, { current_version: version }: StateMarker): Promise<string> => {
  const lines: string[] = [];
  for (const dataType of DATA_TYPES) {
    const report = await readDriftReport(root, version, dataType);
    if (report === undefined || report.changes.length === 0) continue;
    const path = driftReportPath(root, version, dataType);
    const drift = summarizeDrift(report, path);
    lines.push(`  ${dataType}: ${driftHeadline(drift)}, see ${path}\n`);
    lines.push(...drift.changes.slice(0, MAX_SHOWN_CHANGES).map((change) => `    ${change}\n`));
    if (drift.total > MAX_SHOWN_CHANGES) lines.push('    …\n');
  }
  return lines.join('');
};

const remainder = (undelivered = 0): string => (undelivered > 0 ? `, not delivered: ${undelivered}` : '');

const qualityOf = (progress: FileProgress): string => {
  const known = knownQualityOf(progress);
  const found = known ? qualityText(known.reports.counts) : '';
  return found === '' ? '' : `, by the rules ${found}`;
};

/** Records that the sink had are confirmed without a message. */
const confirmedOf = (progress: FileProgress): string => {
  const changes = knownChangesOf(progress);
  if (changes === undefined) return `${formatRecords(progress.messages_published)} confirmed`;
  return `${formatRecords(changes.published + changes.unchanged)} confirmed: ${changesText(changes)}`;
};

const describeCompletion = ({ publishing_phase: { extraction_complete: completion } }: StateMarker): string[] => {
  if (completion === undefined) return [];
  const { sent_at, withheld_because = [] } = completion;
  return [
    `  extraction_complete  ${sent_at === null ? `not sent: ${withheld_because.join('; ')}` : `sent ${sent_at}`}`,
  ];
};

const describe = (marker: StateMarker): string => {
  const { processing_phase: processing, download_phase: download, summary } = marker;
  const rows = Object.entries(processing.progress_by_file).map(([file, progress]) => [
    file,
    progress.status,
    `${confirmedOf(progress)}${remainder(progress.undelivered)}${qualityOf(progress)}` +
      (download.downloads_by_file[file]?.unverified ? ', not verified' : ''),
  ]);
  const widths = [0, 1].map((column) => Math.max(0, ...rows.map((row) => row[column]!.length)));
  const errors = [...download.errors, ...processing.errors].slice(-3);
  return [
    `Dump ${marker.current_version}: ${summary.overall_status}`,
    `  download    ${download.status}, ${download.files_downloaded} of ${download.files_total} files`,
    `  processing  ${processing.status}, ${processing.files_processed} of ${processing.files_total} files`,
    ...rows.map((row) => `    ${row[0]!.padEnd(widths[0]!)}  ${row[1]!.padEnd(widths[1]!)}  ${row[2]}`),
    ...describeCompletion(marker),
    ...(errors.length > 0 ? ['  last errors', ...errors.map((error) => `    ${error}`)] : []),
    `  last saved  ${marker.last_updated}`,
    '',
  ].join('\n');
};
