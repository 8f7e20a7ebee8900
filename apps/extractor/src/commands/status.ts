import { createFileMarkerStore, type StateMarker } from '@discogs-extractor/state-marker';
import { type ConfigSources, loadConfig } from '../config/load-config.js';
import { EXIT } from '../errors.js';
import { formatCount } from '../report/format.js';

export interface StatusOptions extends ConfigSources {
  /** Print the marker itself. */
  readonly json: boolean;
}

/**
 * `discogs-extractor status`: prints the newest version's state marker, for people or as JSON (`null` if there is
 * none). It only reads, so it can run next to an extractor. Resolves with the exit status.
 */
export const statusCommand = async ({ json, ...sources }: StatusOptions): Promise<number> => {
  // The status needs no sink, so a missing AMQP_CONNECTION must not be an error.
  const { discogsRoot } = await loadConfig({ ...sources, flags: { ...sources.flags, sink: 'null' } });
  await using store = await createFileMarkerStore({ directory: discogsRoot, readOnly: true });
  const version = (await store.versions()).at(-1);
  const found = version === undefined ? undefined : await store.load(version);

  if (found?.status === 'corrupt') {
    process.stderr.write(`❌ Cannot read the state marker of ${version} in ${discogsRoot}: ${found.error.message}\n`);
    return EXIT.failed;
  }
  const marker = found?.status === 'found' ? found.marker : undefined;
  if (json) process.stdout.write(`${JSON.stringify(marker ?? null, undefined, 2)}\n`);
  else process.stdout.write(marker ? describe(marker) : `Nothing has been extracted in ${discogsRoot} yet.\n`);
  return EXIT.done;
};

const remainder = (undelivered = 0): string => (undelivered > 0 ? `, not delivered: ${undelivered}` : '');

const describe = (marker: StateMarker): string => {
  const { processing_phase: processing, download_phase: download, summary } = marker;
  const rows = Object.entries(processing.progress_by_file).map(([file, progress]) => [
    file,
    progress.status,
    `${formatCount(progress.messages_published)} records confirmed${remainder(progress.undelivered)}`,
  ]);
  const widths = [0, 1].map((column) => Math.max(0, ...rows.map((row) => row[column]!.length)));
  const errors = [...download.errors, ...processing.errors].slice(-3);
  return [
    `Dump ${marker.current_version}: ${summary.overall_status}`,
    `  download    ${download.status}, ${download.files_downloaded} of ${download.files_total} files`,
    `  processing  ${processing.status}, ${processing.files_processed} of ${processing.files_total} files`,
    ...rows.map((row) => `    ${row[0]!.padEnd(widths[0]!)}  ${row[1]!.padEnd(widths[1]!)}  ${row[2]}`),
    ...(errors.length > 0 ? ['  last errors', ...errors.map((error) => `    ${error}`)] : []),
    `  last saved  ${marker.last_updated}`,
    '',
  ].join('\n');
};
