import { createDownloader } from '@discogs-extractor/downloader';
import type { ConfigSources } from '../config/load-config.js';
import { EXIT } from '../errors.js';
import { chooseDump } from '../pipeline/choose-dump.js';
import { withCommandContext } from '../service/command-context.js';

/**
 * `discogs-extractor download`: downloads a dump's files into the data folder and verifies them. Resolves with the exit
 * status; throws if a setting that it uses is invalid.
 */
export const downloadCommand = (sources: ConfigSources): Promise<number> =>
  withCommandContext(sources, ['dataTypes'], async ({ config, source, onEvent, signal, lockFolder }) => {
    await lockFolder(config.waitForLock ? () => undefined : undefined);
    await using downloader = createDownloader({
      source,
      directory: config.discogsRoot,
      keepVersions: config.keepVersions,
      allowUnverified: config.allowUnverified,
    });
    const choice = await chooseDump(downloader, config, onEvent, signal);
    await downloader.download({ choice, signal, onEvent });
    return EXIT.done;
  });
