export { DistributedStack } from './distributed-stack.js';
export type { DistributedStackContext, Visitor } from './distributed-stack.js';
export { stackOptions } from './options.js';
export type { StackValues } from './options.js';
export type { StackSummary } from './stack-summary.js';
