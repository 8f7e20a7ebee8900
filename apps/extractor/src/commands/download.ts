import { createDownloader } from '@discogs-extractor/downloader';
import type { ConfigSources } from '../config/load-config.js';
import { EXIT } from '../errors.js';
import { chooseDump, reportDownload, reportNotice } from '../pipeline/download-events.js';
import { inSession } from '../service/session.js';

/**
 * `discogs-extractor download`: brings a dump's files into the data folder, verified, and does nothing else. Resolves with the exit
 * status; throws for a configuration that is not valid.
 */
export const downloadCommand = (sources: ConfigSources): Promise<number> =>
  // Whatever the sink is, fetching needs no broker.
  inSession({ ...sources, flags: { ...sources.flags, sink: 'null' } }, async ({ config, source, listen, signal }) => {
    await using downloader = await createDownloader({
      source,
      directory: config.discogsRoot,
      keepVersions: config.keepVersions,
      onNotice: reportNotice(listen),
    });
    const choice = await chooseDump(downloader, config, listen, signal);
    await downloader.download({ choice, signal, onProgress: reportDownload(listen) });
    return EXIT.done;
  });
