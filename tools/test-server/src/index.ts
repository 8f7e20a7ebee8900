export type { Fault, RecordedRequest } from './faulty-server.js';
export { FaultyServer } from './faulty-server.js';
