import type { Config } from '../config/settings.js';
import type { Logger } from '../report/logger.js';
import { type DataFolderLock, lockDataFolder } from '../system/data-folder-lock.js';
import { describeOwner } from '../system/lock-owner.js';

/** Time between two lines in the log of a standby, in milliseconds. */
const STANDBY_LOG_INTERVAL_MS = 10 * 60_000;

export interface EnterDataFolderOptions {
  readonly config: Pick<Config, 'discogsRoot' | 'allowLocalLock'>;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Waits while another extractor works in the folder; called at first, and whenever that is another one. */
  readonly onStandby?: ((holder: string | undefined) => void) | undefined;
}

/** A locked data folder, and whether another extractor worked in it when this one came. */
export interface EnteredDataFolder {
  readonly lock: DataFolderLock;
  readonly hasWaited: boolean;
}

/**
 * Locks the data folder, and logs what it waits for. Until it has the lock, it changes nothing in the folder.
 *
 * @throws ExtractorError as `lockDataFolder`; the signal's reason
 */
export const enterDataFolder = async (options: EnterDataFolderOptions): Promise<EnteredDataFolder> => {
  const { config, logger, signal, onStandby } = options;
  const startedAt = performance.now();
  let loggedAt = Number.NEGATIVE_INFINITY;
  let reported: string | undefined;
  const lock = await lockDataFolder(config.discogsRoot, {
    allowLocalLock: config.allowLocalLock,
    signal,
    onObserve: ({ fileSystem = 'a file system that is not known' }) =>
      logger.info(
        { path: config.discogsRoot, file_system: fileSystem },
        `🔒 ${config.discogsRoot} is on ${fileSystem}: looking for other extractors in it for some seconds`,
      ),
    onHeld:
      onStandby &&
      ((owner) => {
        const holder = owner && describeOwner(owner);
        const now = performance.now();
        const isOther = loggedAt === Number.NEGATIVE_INFINITY || holder !== reported;
        if (!isOther && now - loggedAt < STANDBY_LOG_INTERVAL_MS) return;
        loggedAt = now;
        reported = holder;
        if (isOther) onStandby(holder);
        const by = holder === undefined ? '' : ` (${holder})`;
        const seconds = Math.round((now - startedAt) / 1000);
        logger.info(
          { path: config.discogsRoot, holder, seconds },
          `⏸️ Standby: another extractor works in ${config.discogsRoot}${by}; waiting for its lock`,
        );
      }),
  });
  const hasWaited = loggedAt !== Number.NEGATIVE_INFINITY;
  if (hasWaited) {
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    logger.info({ path: config.discogsRoot, seconds }, `✅ Standby: got the lock after ${seconds} s; taking over`);
  }
  return { lock, hasWaited };
};
