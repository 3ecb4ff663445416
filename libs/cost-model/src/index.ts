export type { CandidateColumns, PromptShape } from './columns.js';
export { computeCosts, explainCost } from './policies/linear.js';
export type { CostTerm } from './policies/linear.js';
export { checkCostOptions, COST_OPTIONS_DEFAULT } from './options.js';
export type { CostOptions } from './options.js';
export { checkTemperature, selectTarget } from './select-target.js';
export type { Selection, SelectionPolicy } from './select-target.js';
