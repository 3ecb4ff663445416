import type { AnswerSums, AnswerWindow } from './answer-window.js';
import type { CheckCode } from './checks.js';
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

/** Answers that differ before that counts: one may have been cut by its own parameters. */
const DIFFERING_MIN = 3;
const DIFFERING_SHARE_MIN = 0.05;
/** Tokens that must have been expected, or found, before their difference counts. */
const TOKENS_MIN = 2_048;
/** Prefill legs without a hand-over before that counts. */
const PREFILLS_MIN = 5;

/** What is wrong with what engines answer. */
export function answerFindings(window: Pick<AnswerWindow, 'sums'>): readonly Finding[] {
  return [...window.sums()].flatMap(([workerId, sums]) => [
    ...tokenFindings(workerId, sums),
    ...cacheFindings(workerId, sums),
    ...handoverFindings(workerId, sums),
  ]);
}

function tokenFindings(
  workerId: string,
  { compared, differing, lastDifference }: AnswerSums,
): readonly Finding[] {
  if (lastDifference === null || differing < DIFFERING_MIN || differing < compared * DIFFERING_SHARE_MIN)
    return [];
  const { ownTokens, engineTokens } = lastDifference;
  return [
    finding(
      'CHECK_TOKENS_DIFFER',
      workerId,
      `"${workerId}" counts other tokens in ${differing} of the last ${compared} prompts, e.g. ${engineTokens} where there are ${ownTokens} here`,
    ),
  ];
}

function cacheFindings(workerId: string, sums: AnswerSums): readonly Finding[] {
  const { answers, predictedTokens, cachedTokens, reported, publishesKvEvents } = sums;
  const tell = (code: CheckCode, seen: string): readonly Finding[] => [finding(code, workerId, seen)];
  if (reported === 0)
    return predictedTokens < TOKENS_MIN
      ? []
      : tell(
          'CHECK_CACHED_NOT_REPORTED',
          `none of the last ${answers} answers of "${workerId}" says how much was cached, where ${predictedTokens} tokens were expected`,
        );
  const isLess = predictedTokens >= TOKENS_MIN && cachedTokens * 2 < predictedTokens;
  // Without events nothing is ever expected; that is told by itself.
  const isMore = publishesKvEvents && cachedTokens >= TOKENS_MIN && predictedTokens * 2 < cachedTokens;
  if (!isLess && !isMore) return [];
  return tell(
    'CHECK_CACHE_PREDICTION',
    `of the last ${answers} prompts of "${workerId}" ${predictedTokens} tokens were expected in its cache, and it has found ${cachedTokens}`,
  );
}

function handoverFindings(workerId: string, { prefills, handedOver }: AnswerSums): readonly Finding[] {
  if (prefills < PREFILLS_MIN || handedOver > 0) return [];
  return [
    finding(
      'CHECK_NO_HANDOVER',
      workerId,
      `none of the last ${prefills} prefill legs of "${workerId}" has handed anything over, so decode workers compute each prompt again`,
    ),
  ];
}
