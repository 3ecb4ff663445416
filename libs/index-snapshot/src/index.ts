export { connectRedisSnapshotStore } from './redis-snapshot-store.js';
export type { SnapshotContent, SnapshotReading, SnapshotStore, SourceSnapshot } from './snapshot-store.js';
