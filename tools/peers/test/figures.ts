import type { Figures } from '../src/figures.mjs';
import { DISCO_QUICK, ENCODE_WITH_WORKERS } from '../src/figures.mjs';

/** Made-up figures of two types, as `npm run bench:peers -- --json` writes them. */
export const FIGURES: Figures = {
  date: '2026-01-31',
  machine: { cores: 2, cpu: 'CPU', system: 'linux x64' },
  versions: { node: '22.12.0', rust: '1.90.0', sax: '1.6.1' },
  dump: 'generated',
  megabytes: 100,
  rounds: 3,
  rows: ['releases', 'labels'].flatMap((type, at) => {
    const slower = at + 1;
    const row = (seconds: number) => ({
      seconds: seconds * slower,
      megabytesPerSecond: 100 / (seconds * slower),
      recordsPerSecond: Math.round(50_000 / (seconds * slower)),
      timeToGunzip: seconds / 0.2,
    });
    return [
      { type, work: 'decompress', name: 'gunzip alone', by: 'baseline', note: 'no parsing', ...row(0.2) },
      { type, work: 'objects', name: 'parseRecords', by: 'ours', note: 'and SHA-256', ...row(1) },
      { type, work: 'objects', name: DISCO_QUICK, by: 'peer', note: 'no hash', ...row(0.8) },
      { type, work: 'objects', name: 'sax', by: 'peer', note: 'no <hash> & "more"', ...row(20) },
      { type, work: 'json', name: ENCODE_WITH_WORKERS, by: 'ours', note: 'and SHA-256', ...row(0.4) },
    ] as const;
  }),
};
