export type { Applied, Body, Expression, ForStatement, GivenArguments, Statement, Target } from './ast.js';
export type { Surroundings } from './frame.js';
export { strftime } from './strftime.js';
export type { LocalTime } from './strftime.js';
export { TemplateSyntaxError } from './syntax-error.js';
export { Template } from './template.js';
export type { Rendered } from './template.js';
