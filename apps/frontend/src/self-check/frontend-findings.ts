import { modelFindings } from '@kvasir/self-check';
import type { Finding } from '@kvasir/self-check';
import type { PromptEncoder } from '../serving/prompt-encoder.js';
import type { WorkerPool } from '../worker-pool.js';

/** What the self-check of a frontend looks at. */
export interface CheckedFrontend {
  readonly decode: Pick<WorkerPool, 'directory'>;
  readonly aggregated: Pick<WorkerPool, 'directory'>;
  readonly prompts: Pick<PromptEncoder, 'tokenizerFor'>;
}

/** What is wrong with a frontend and with what it sees, now. */
export function frontendFindings({ decode, aggregated, prompts }: CheckedFrontend): readonly Finding[] {
  return [decode.directory, aggregated.directory].flatMap(({ model, tokenizerPath }) =>
    model === null ? [] : modelFindings({ model, ...prompts.tokenizerFor(tokenizerPath) }),
  );
}
