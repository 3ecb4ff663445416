export { checks } from './checks.js';
export type { Check, CheckCode, Severity } from './checks.js';
export { engineFindings } from './engine-checks.js';
export type { WatchedEngine } from './engine-checks.js';
export { FindingBook } from './finding-book.js';
export type { StandingFinding } from './finding-book.js';
export type { Finding } from './finding.js';
export { modelFindings } from './traffic-checks.js';
export type { ServedModel } from './traffic-checks.js';
