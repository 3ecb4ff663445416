export { statusOfError, UNNAMED_ERROR_STATUS } from './error-status.js';
export { outcomeOfStatus, outcomes } from './outcomes.js';
export type { OutcomeCode, WorkerOutcome } from './outcomes.js';
