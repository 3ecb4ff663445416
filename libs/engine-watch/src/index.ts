export { engineKinds, readEngineSettings } from './engine-config.js';
export type { EngineConfig, EngineReading, EngineSettings } from './engine-config.js';
export { ENGINE_WATCH_SETTINGS, EngineFleet } from './engine-fleet.js';
export type { EngineFleetContext, EngineStatus, EngineWatchSettings } from './engine-fleet.js';
export { EnginesFileWatch } from './engines-file-watch.js';
export { readEngines, readEnginesFile } from './engines-file.js';
export type { EnginesReading } from './engines-file.js';
export type { RankTaker, TakerLookup } from './rank-taker.js';
