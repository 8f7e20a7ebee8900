import { createDownloader, type DumpSource } from '@discogs-extractor/downloader';
import { createFileMarkerStore } from '@discogs-extractor/state-marker';
import type { Config } from '../config/settings.js';
import type { RunListener } from '../events/run-events.js';
import type { Sink } from '../sinks/sink.js';
import { planRun, type RunPlan } from './plan-run.js';

export interface CheckContext {
  /** Where dumps come from; the caller closes it. */
  readonly source: DumpSource;
  readonly sink: Sink;
  readonly onEvent: RunListener;
  readonly signal: AbortSignal;
}

/**
 * Does what a run does before it fetches anything, and checks that the disk has room for the files: nothing is
 * downloaded or delivered, and the state marker stays as it is.
 *
 * @throws what a run would fail with
 */
export const checkRun = async (config: Config, { source, sink, onEvent, signal }: CheckContext): Promise<RunPlan> => {
  const { discogsRoot: directory, allowUnverified } = config;
  await using downloader = createDownloader({ source, directory, allowUnverified });
  await using store = await createFileMarkerStore({ directory, readOnly: true });
  const plan = await planRun({ config, downloader, store, sink, onEvent, signal });
  if (plan.remaining === 'files') await downloader.checkDiskSpace(plan.choice);
  return plan;
};
