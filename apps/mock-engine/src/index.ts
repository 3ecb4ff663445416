export { create } from './app.js';
export type { MockEngine, MockEngineContext } from './app.js';
export { mockEngineConfig } from './config.js';
export type { MockEngineConfig } from './config.js';
export { mockEngineOptions } from './options.js';
