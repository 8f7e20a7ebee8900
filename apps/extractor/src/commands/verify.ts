import { createFileMarkerStore } from '@discogs-extractor/state-marker';
import { type ConfigSources, loadConfig } from '../config/load-config.js';
import { EXIT, ExtractorError } from '../errors.js';
import { formatCount, formatRecords } from '../report/format.js';
import { formatTable } from '../report/table.js';
import type { PlaceReport } from '../verify/verdict.js';
import { VERIFY_SETTINGS, type VersionReport, verifyVersion } from '../verify/verify-version.js';

export interface VerifyOptions extends ConfigSources {
  /** Print the result as JSON. */
  readonly json: boolean;
}

/**
 * `discogs-extractor verify`: compares what was delivered of a version with what queues or output files hold. It only
 * reads, and takes nothing out of a queue. Resolves with the exit status: 0 if nothing is missing anywhere, 1 if
 * something is, or if that cannot be known.
 */
export const verifyCommand = async ({ json, ...sources }: VerifyOptions): Promise<number> => {
  const config = await loadConfig(sources, ['dumpVersion', ...VERIFY_SETTINGS]);
  const { discogsRoot, dumpVersion } = config;
  await using store = await createFileMarkerStore({ directory: discogsRoot, readOnly: true });
  const version = dumpVersion ?? (await store.versions()).at(-1);
  const found = version === undefined ? undefined : await store.load(version);
  if (found?.status === 'corrupt') throw found.error;
  if (found?.status !== 'found') {
    const what = dumpVersion === undefined ? 'no dump' : `nothing of dump ${dumpVersion}`;
    throw new ExtractorError('NOTHING_DELIVERED', `In ${discogsRoot}, ${what} was delivered. Check DISCOGS_ROOT.`, {
      facts: { path: discogsRoot, version: dumpVersion },
    });
  }
  const report = await verifyVersion(found.marker, config, new AbortController().signal);
  process.stdout.write(json ? `${JSON.stringify(toJson(report), undefined, 2)}\n` : describe(report));
  return report.isComplete ? EXIT.done : EXIT.failed;
};

const toJson = ({ version, isComplete, places, unfinished }: VersionReport): Record<string, unknown> => ({
  version,
  complete: isComplete,
  places: places.map(({ dataType, place, expected, found, verdict, reason }) => ({
    data_type: dataType,
    place,
    expected,
    found: found ?? null,
    verdict,
    reason: reason ?? null,
  })),
  unfinished,
});

const describe = ({ version, isComplete, places, unfinished }: VersionReport): string => {
  const rows = [
    ['type', 'place', 'delivered', 'found', 'result'],
    ...places.map(({ dataType, place, expected, found, ...rest }) => [
      ...[dataType, place, formatCount(expected), found === undefined ? '?' : formatCount(found)],
      resultOf({ expected, found, ...rest }),
    ]),
  ];
  const missing = unfinished.map(
    ({ file, status, records }) => `  ${file} is not delivered completely: ${status}, ${formatRecords(records)}`,
  );
  return [
    `Dump ${version}: ${isComplete ? 'everything that was delivered is there' : 'not everything is known to be there'}`,
    ...formatTable(rows, [0, 1, 4]).map((line) => `  ${line}`),
    ...missing,
    '',
  ].join('\n');
};

const resultOf = ({
  expected,
  found = 0,
  verdict,
  reason,
}: Pick<PlaceReport, 'expected' | 'found' | 'verdict' | 'reason'>): string => {
  const result = {
    complete: 'complete',
    more: `more than expected by ${formatCount(found - expected)}`,
    short: `short by ${formatCount(expected - found)}`,
    changed: 'changed',
    unknown: 'cannot be known',
  }[verdict];
  return reason === undefined ? result : `${result}: ${reason}`;
};
