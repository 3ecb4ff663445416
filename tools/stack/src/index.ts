export { stackOptions } from './options.js';
export type { StackSummary } from './stack-summary.js';
