export { create } from './app.js';
export type { PrefillRouter, PrefillRouterContext } from './app.js';
export { prefillRouterConfig } from './config.js';
export type { PrefillRouterConfig } from './config.js';
export { prefillRouterErrors } from './errors.js';
export { prefillRouterOptions } from './options.js';
