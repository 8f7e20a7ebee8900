/** Enough for large clusters; each partition is looked at in each check of the topology. */
export const MAX_PARTITIONS = 100;

/** The names of the queues that are the partitions of a queue, as super streams have them; its own if there is but one. */
export const partitionQueueNames = (name: string, count: number): string[] =>
  count === 1 ? [name] : Array.from({ length: count }, (_, index) => `${name}-${index}`);
