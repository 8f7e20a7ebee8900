import type { ServiceListener } from '../events/service-events.js';
import { reduce } from './reduce.js';
import { newServiceState, type ServiceState } from './service-state.js';
import { SAMPLE_INTERVAL_MS, Throughput } from './throughput.js';

/** The state of the service, updated by events and read by all that show it. */
export interface StatusBoard extends Disposable {
  readonly state: ServiceState;
  readonly throughput: Throughput;
  /** Applies an event to the state, then passes it on to the subscribers. */
  readonly onEvent: ServiceListener;
  /** Calls `listener` after each event from now on. */
  subscribe(listener: ServiceListener): void;
}

/** Creates a board. It samples the totals for {@link Throughput} until it is disposed of. */
export const createStatusBoard = (now: () => number = Date.now): StatusBoard => {
  let state = newServiceState(now());
  const throughput = new Throughput();
  const subscribers: ServiceListener[] = [];
  const sample = (): void => throughput.addSample(state.totals, now());
  sample();
  const timer = setInterval(sample, SAMPLE_INTERVAL_MS);
  timer.unref();
  return {
    get state() {
      return state;
    },
    throughput,
    onEvent: (event) => {
      state = reduce(state, event, now());
      for (const listener of subscribers) listener(event);
    },
    subscribe: (listener) => {
      subscribers.push(listener);
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
};
