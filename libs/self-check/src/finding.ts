import { checks } from './checks.js';
import type { CheckCode, Severity } from './checks.js';

/** Something that is wrong now. The same check of the same subject is the same finding, whatever its message. */
export interface Finding {
  readonly code: CheckCode;
  readonly severity: Severity;
  /** What it is of: a worker's id, an endpoint, a model, an address. */
  readonly subject: string;
  /** One sentence: what was seen, and after a semicolon what to do. */
  readonly message: string;
}

/** @param seen what was seen, with its values, as a clause without a full stop. */
export function finding(code: CheckCode, subject: string, seen: string): Finding {
  const { severity, remedy } = checks[code];
  return { code, severity, subject, message: `${seen}; ${remedy}` };
}
