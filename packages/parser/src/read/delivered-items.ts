import type { Delivery } from './collector.js';

/** Prepares a delivery. Returns the function that makes its items, from the first to the last. */
export type OpenDelivery<Item> = (delivery: Delivery) => (index: number) => Item;

/**
 * The items of what is delivered, one for each line or result.
 *
 * An async generator would cost as much per record as to make a small one: it takes several turns of the microtask queue
 * for each. Here, it is one, and the records of a delivery need none of the steps that wait for the next.
 */
export class DeliveredItems<Item> implements AsyncIterableIterator<Item, void, undefined> {
  readonly #deliveries: AsyncGenerator<Delivery, void, undefined>;
  readonly #open: OpenDelivery<Item>;
  #delivery: Delivery | undefined;
  #makeItem: ((index: number) => Item) | undefined;
  #index = 0;
  /** How many calls wait for earlier ones, and the last of them. */
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(deliveries: AsyncGenerator<Delivery, void, undefined>, open: OpenDelivery<Item>) {
    this.#deliveries = deliveries;
    this.#open = open;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Item, void>> {
    if (this.#waiting === 0 && this.#hasItem) return Promise.resolve({ done: false, value: this.#take() });
    return this.#inTurn(async () => {
      while (!this.#hasItem) {
        this.#delivery?.release?.();
        this.#delivery = undefined;
        const { done, value } = await this.#deliveries.next();
        if (done) return { done: true, value: undefined };
        this.#delivery = value;
        this.#index = 0;
        this.#makeItem = this.#open(value);
      }
      return { done: false, value: this.#take() };
    });
  }

  return(): Promise<IteratorResult<Item, void>> {
    return this.#inTurn(async () => {
      this.#delivery = undefined;
      await this.#deliveries.return();
      return { done: true, value: undefined };
    });
  }

  /** Calls that do not wait for each other's result are carried out one after the other. */
  #inTurn<R>(step: () => Promise<R>): Promise<R> {
    this.#waiting++;
    const result = this.#last.then(step);
    const isOver = (): void => {
      this.#waiting--;
    };
    this.#last = result.then(isOver, isOver);
    return result;
  }

  get #hasItem(): boolean {
    return this.#delivery !== undefined && this.#index < this.#delivery.count;
  }

  #take(): Item {
    return this.#makeItem!(this.#index++);
  }
}
