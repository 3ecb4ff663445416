export { NaivePrefixIndex } from './naive-prefix-index.js';
export type { NaiveChain } from './naive-prefix-index.js';
export { runScenario } from './scenario.js';
export { VirtualClock } from './virtual-clock.js';
