export type { Fault, RecordedRequest } from './faulty-server.js';
export { FaultyServer } from './faulty-server.js';
export { INDEX_STYLES, type IndexStyle, MirrorServer } from './mirror-server.js';
