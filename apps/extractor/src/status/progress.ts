import type { FileState, FileStatus, Phase, ServiceState } from './service-state.js';
import type { Throughput } from './throughput.js';

/** Less than this is left out of 1 while something is not done, so that no display rounds it to 100 %. */
const MIN_REST = 0.0001;

/** What part of a work is done, from 0 to 1 with four decimals; 1 only if `isDone`. */
export const fractionOf = (done: number, total: number, isDone: boolean): number => {
  if (isDone) return 1;
  return total > 0 ? Number(Math.max(0, Math.min(1 - MIN_REST, done / total)).toFixed(4)) : 0;
};

export const isDelivered = ({ state }: Pick<FileStatus, 'state'>): boolean =>
  state === 'completed' || state === 'skipped';

/** Files whose work in a phase has not ended. */
const REMAINING: Readonly<Partial<Record<Phase, ReadonlySet<FileState>>>> = {
  downloading: new Set(['pending', 'downloading']),
  processing: new Set(['pending', 'downloading', 'downloaded', 'extracting']),
};

/**
 * Seconds until the current phase ends, files that wait included, at the rate of the last seconds; `undefined` if the
 * rate or a size is not known.
 */
export const secondsLeft = (
  { phase, files }: Pick<ServiceState, 'phase' | 'files'>,
  throughput: Pick<Throughput, 'rates'>,
): number | undefined => {
  const remaining = files.filter(({ state }) => REMAINING[phase]?.has(state));
  const work = remaining.map((file) => fileWork(file, phase, throughput));
  if (work.length === 0 || work.some(({ bytes }) => bytes === undefined)) return undefined;
  const sum = (of: 'bytes' | 'perSecond'): number => work.reduce((total, each) => total + (each[of] ?? 0), 0);
  const rate = sum('perSecond');
  if (rate === 0) return undefined;
  // All files share the rate; but one alone may take longer than its share.
  const alone = work.map(({ bytes, perSecond }) => (perSecond > 0 ? bytes! / perSecond : 0));
  return Math.round(Math.max(sum('bytes') / rate, ...alone));
};

/** The bytes of a file that are left in a phase, and the rate at which they become fewer. */
export const fileWork = (
  file: FileStatus,
  phase: Phase,
  throughput: Pick<Throughput, 'rates'>,
): { readonly bytes: number | undefined; readonly perSecond: number } => {
  const rates = throughput.rates(file.dataType, file.startedAt ?? 0);
  const isDownload = phase === 'downloading';
  const isActive = file.state === (isDownload ? 'downloading' : 'extracting');
  return {
    bytes:
      file.size === undefined ? undefined : Math.max(0, file.size - (isDownload ? file.downloaded : file.delivered)),
    perSecond: isActive ? (isDownload ? rates.downloadedBytesPerSecond : rates.dumpBytesPerSecond) : 0,
  };
};
