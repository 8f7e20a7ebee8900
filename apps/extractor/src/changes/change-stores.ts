import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChangeStore } from '@discogs-extractor/changes';
import type { Destination } from '@discogs-extractor/state-marker';
import type { DataType } from '../config/data-type.js';
import type { Config } from '../config/settings.js';
import { errorCodeOf } from '../errors.js';

/** The stores of what a sink has, one for each data type. */
export interface ChangeStores {
  /**
   * Opens the store of a data type. `undefined` if none is kept: CONTRACT=fanout has no use for it, and for a sink that
   * keeps nothing, PUBLISH=all creates none.
   *
   * @param destination - where the records of the type are. @default where this run delivers them
   * @throws ChangesError
   */
  open(dataType: DataType, destination?: Destination | undefined): Promise<ChangeStore | undefined>;
}

/** The folder of the stores. */
export const changesDirectoryOf = ({ discogsRoot }: Pick<Config, 'discogsRoot'>): string =>
  join(discogsRoot, 'changes');

/** @param destinations - where the records of each type go, as the state marker has it */
export const createChangeStores = (
  config: Pick<Config, 'contract' | 'discogsRoot' | 'publish'>,
  destinations: ReadonlyMap<DataType, Destination>,
): ChangeStores => ({
  open: async (dataType, destination = destinations.get(dataType)) => {
    const { contract, publish } = config;
    const directory = changesDirectoryOf(config);
    if (destination === undefined || contract === 'fanout') return undefined;
    const isCreated = publish === 'changed' || destination['sink'] !== 'null';
    if (!isCreated && !(await isThere(directory))) return undefined;
    // It has SQLite in it, which not every run needs.
    const { changeStorePath, openChangeStore } = await import('@discogs-extractor/changes');
    const options = { directory, sink: sinkOf(destination), contract, dataType };
    if (!isCreated && !(await isThere(changeStorePath(options)))) return undefined;
    return openChangeStore(options);
  },
});

/**
 * Names a sink by what its records are kept in. Queues come and go at an exchange; a folder may be moved, and has
 * another id if it was created again.
 */
const sinkOf = ({ sink, cluster, vhost, exchange, folder }: Destination): string =>
  [sink, cluster, vhost, exchange, folder].filter((part) => part !== undefined).join(' ');

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    (error: unknown) => {
      if (errorCodeOf(error) === 'ENOENT') return false;
      throw error;
    },
  );
