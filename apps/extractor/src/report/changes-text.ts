import type { PassCounts } from '@discogs-extractor/changes';
import { formatCount } from './format.js';

/** What a pass sent, in a few words: `30,000 published, 970,000 unchanged, 12 deleted`. */
export const changesText = ({ published, unchanged, deleted }: PassCounts): string =>
  `${formatCount(published)} published, ${formatCount(unchanged)} unchanged, ${formatCount(deleted)} deleted`;
