import { createDownloader } from '@discogs-extractor/downloader';
import type { ConfigSources } from '../config/load-config.js';
import { EXIT } from '../errors.js';
import { chooseDump } from '../pipeline/choose-dump.js';
import { withCommandContext } from '../service/command-context.js';

/**
 * `discogs-extractor download`: downloads a dump's files into the data folder and verifies them. Resolves with the exit
 * status; throws if the configuration is invalid.
 */
export const downloadCommand = (sources: ConfigSources): Promise<number> =>
  // Downloading needs no sink, so a missing AMQP_CONNECTION must not be an error.
  withCommandContext(
    { ...sources, flags: { ...sources.flags, sink: 'null' } },
    async ({ config, source, onEvent, signal }) => {
      await using downloader = createDownloader({
        source,
        directory: config.discogsRoot,
        keepVersions: config.keepVersions,
      });
      const choice = await chooseDump(downloader, config, onEvent, signal);
      await downloader.download({ choice, signal, onEvent });
      return EXIT.done;
    },
  );
