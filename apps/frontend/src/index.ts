export { create } from './app.js';
export type { Frontend, FrontendContext } from './app.js';
export { frontendConfig } from './config.js';
export type { FrontendConfig } from './config.js';
export { readHeaderHints } from './http/header-hints.js';
export type { HintsReading } from './http/header-hints.js';
export { frontendOptions } from './options.js';
