export { create } from './app.js';
export type { GlobalRouter, GlobalRouterContext } from './app.js';
export { globalRouterConfig } from './config.js';
export type { GlobalRouterConfig } from './config.js';
export { globalRouterErrors } from './errors.js';
export { globalRouterOptions } from './options.js';
