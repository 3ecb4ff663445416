export { freePort } from './free-port.js';
export { NaivePrefixIndex } from './naive-prefix-index.js';
export type { NaiveChain } from './naive-prefix-index.js';
export { runScenario } from './scenario.js';
export { VirtualClock } from './virtual-clock.js';
export { startServerProcess } from './server-process.js';
export { startNatsServer } from './nats-server.js';
export { startRedisServer } from './redis-server.js';
export type { ServerProcess } from './server-process.js';
