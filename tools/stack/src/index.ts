export { stackOptions } from './options.js';
export { Stack } from './stack.js';
export type { StackSummary } from './stack.js';
