/**
 * Runs `work` for all items, at most `concurrency` at a time, and returns the results in the order of the items. After
 * a rejection no further item begins; the first error is thrown once all work in progress has ended.
 */
export const mapConcurrently = async <Item, Result>(
  concurrency: number,
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> => {
  const results: Result[] = [];
  const errors: unknown[] = [];
  let next = 0;
  const runWorker = async (): Promise<void> => {
    while (next < items.length && errors.length === 0) {
      const index = next++;
      try {
        results[index] = await work(items[index]!, index);
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, runWorker));
  if (errors.length > 0) throw errors[0];
  return results;
};
