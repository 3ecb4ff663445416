export { systemClock } from './clock.js';
export type { CancelTimer, Clock } from './clock.js';
export type { Component, DrainReport } from './component.js';
