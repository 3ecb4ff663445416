import type { RejectionCode, SchedulerEffect } from './messages.js';

/** A request that is not placed, and why. */
export function rejected(code: RejectionCode, message: string): SchedulerEffect {
  return { kind: 'rejected', code, message };
}
