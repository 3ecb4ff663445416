export { mockEngineOptions } from './options.js';
