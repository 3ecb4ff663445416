import type { Finding } from '../findings.js';
import type { Workshop } from '../workshop.js';

/** One way to put Kvasir before real engines, and what is checked there. */
export interface Scene {
  readonly name: string;
  run(workshop: Workshop, tell: (finding: Finding) => void): Promise<void>;
}
