import { finding } from './finding.js';
import type { Finding } from './finding.js';

/** What a frontend knows of one model that it serves. */
export interface ServedModel {
  readonly model: string;
  /** Where its tokenizer was looked for; null when nobody has said. */
  readonly tokenizerPath: string | null;
  /** What became of loading it; null while it is being loaded, and when there is none. */
  readonly tokenizerProblem: string | null;
  readonly hasTokenizer: boolean;
}

/** What is wrong with how a model is served here. */
export function modelFindings(served: ServedModel): readonly Finding[] {
  const { model, tokenizerPath, tokenizerProblem, hasTokenizer } = served;
  if (hasTokenizer) return [];
  const seen =
    tokenizerPath === null
      ? `nobody has said where the tokenizer of "${model}" is, so requests with text are routed by load alone`
      : tokenizerProblem === null
        ? null
        : `the tokenizer in ${tokenizerPath} cannot be used (${tokenizerProblem}), so requests with text are routed by load alone`;
  return seen === null ? [] : [finding('CHECK_NO_TOKENIZER', model, seen)];
}
