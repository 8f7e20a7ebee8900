import type { Downloader, DumpChoice } from '@discogs-extractor/downloader';
import type { Config } from '../config/settings.js';
import type { RunListener } from '../events/run-events.js';

/** Chooses a version, and reports newer ones that were passed over. */
export const chooseDump = async (
  downloader: Downloader,
  { dumpVersion, dataTypes }: Pick<Config, 'dumpVersion' | 'dataTypes'>,
  onEvent: RunListener,
  signal: AbortSignal,
): Promise<DumpChoice> => {
  const choice = await downloader.choose({ version: dumpVersion, dataTypes, signal });
  for (const { version, missing } of choice.passedOver) onEvent({ type: 'version-passed-over', version, missing });
  return choice;
};
