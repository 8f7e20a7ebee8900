import { addressOf, parseAmqpUrls } from '@discogs-extractor/internal/amqp-url';
import { createFileMarkerStore, type Destination, StateMarkerError } from '@discogs-extractor/state-marker';

/** Host and port of each node, in an order of their own. */
export const amqpAddresses = (urls: readonly string[]): string[] => parseAmqpUrls(urls).map(addressOf).sort();

/** Of older state markers, the addresses are not known. */
const addressesOf = ({ addresses }: Destination): readonly string[] =>
  Array.isArray(addresses) ? (addresses as readonly string[]) : [];

/**
 * Whether two destinations are on the same broker. The nodes of a cluster that was given no name (`cluster_name`) each
 * have their own, so the name of the node that answers says nothing: if one of the two has several nodes, one in common
 * is enough. Whether it still has the records is found out with objects on the broker.
 */
export const isSameBroker = (one: Destination, other: Destination): boolean => {
  if (one['cluster'] === other['cluster']) return true;
  const [some, others] = [addressesOf(one), addressesOf(other)];
  return (some.length > 1 || others.length > 1) && some.some((address) => others.includes(address));
};

/**
 * Gives destinations on a broker with several nodes the name that it had when records were delivered to it before: what
 * is kept under that name, such as the stores of changes, must not depend on the node that answers.
 *
 * @param directory - the data folder, with the state markers
 */
export const keepKnownNames = async <Type>(
  directory: string,
  destinations: ReadonlyMap<Type, Destination>,
): Promise<ReadonlyMap<Type, Destination>> => {
  const mayHaveOthers = [...destinations.values()].some((it) => it['cluster'] !== undefined);
  if (!mayHaveOthers) return destinations;
  const known = await knownDestinations(directory);
  return new Map(
    [...destinations].map(([type, destination]) => {
      const earlier = known.find((it) => it['vhost'] === destination['vhost'] && isSameBroker(it, destination));
      const cluster = earlier?.['cluster'];
      return [type, cluster === undefined ? destination : { ...destination, cluster }];
    }),
  );
};

/** Where records were delivered before, the newest dump first. */
const knownDestinations = async (directory: string): Promise<Destination[]> => {
  await using store = await createFileMarkerStore({ directory, readOnly: true });
  const known: Destination[] = [];
  for (const version of (await store.versions()).reverse()) {
    const found = await store.load(version).catch((error: unknown) => {
      if (error instanceof StateMarkerError && error.code === 'UNSUPPORTED_METADATA_VERSION') return undefined;
      throw error;
    });
    if (found?.status !== 'found') continue;
    for (const { destination } of Object.values(found.marker.processing_phase.progress_by_file)) {
      if (destination?.['sink'] === 'amqp') known.push(destination);
    }
  }
  return known;
};
