import type { ServiceListener } from '../events/service-events.js';
import { reduce } from './reduce.js';
import { newServiceState, type ServiceState } from './service-state.js';
import { SAMPLE_MS, Throughput } from './throughput.js';

/** The one place that knows how the service stands; fed with events, read by whoever shows it. */
export interface StatusBoard extends Disposable {
  readonly state: ServiceState;
  readonly throughput: Throughput;
  /** Takes an event, then passes it on to those who watch. */
  readonly listen: ServiceListener;
  /** Calls `listener` after each event from now on. */
  watch(listener: ServiceListener): void;
}

/** Makes a board, which takes a sample of the throughput every other second until it is disposed of. */
export const createStatusBoard = (now: () => number = Date.now): StatusBoard => {
  let state = newServiceState(now());
  const throughput = new Throughput();
  const watchers: ServiceListener[] = [];
  const sample = (): void => throughput.take(state.totals, now());
  sample();
  const sampler = setInterval(sample, SAMPLE_MS);
  sampler.unref();
  return {
    get state() {
      return state;
    },
    throughput,
    listen: (event) => {
      state = reduce(state, event, now());
      for (const watcher of watchers) watcher(event);
    },
    watch: (listener) => {
      watchers.push(listener);
    },
    [Symbol.dispose]: () => clearInterval(sampler),
  };
};
