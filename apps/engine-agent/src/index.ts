export { create } from './app.js';
export type { EngineAgent, EngineAgentConfig, EngineAgentContext } from './app.js';
export { engineAgentConfig } from './config.js';
export { engineAgentOptions } from './options.js';
export { engineAgentErrors } from './errors.js';
