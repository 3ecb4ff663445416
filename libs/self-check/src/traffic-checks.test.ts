import { describe, expect, it } from 'vitest';
import { AnswerWindow } from './answer-window.js';
import type { NotedAnswer } from './answer-window.js';
import { answerFindings } from './traffic-checks.js';

const WELL: NotedAnswer = {
  workerId: 'w',
  publishesKvEvents: true,
  ownTokens: 1_000,
  engineTokens: 1_000,
  predictedTokens: 960,
  cachedTokens: 960,
  handedOver: null,
};

function codesAfter(
  count: number,
  change: Partial<NotedAnswer>,
  window = new AnswerWindow(),
): readonly string[] {
  for (let index = 0; index < count; index += 1) window.note({ ...WELL, ...change });
  return answerFindings(window).map(({ code }) => code);
}

describe('answerFindings()', () => {
  it.each<[string, Partial<NotedAnswer>, readonly string[]]>([
    ['well', {}, []],
    ['counting other tokens', { engineTokens: 1_007 }, ['CHECK_TOKENS_DIFFER']],
    ['not counted here', { ownTokens: null, engineTokens: 1_007 }, []],
    ['that find less than expected', { cachedTokens: 0 }, ['CHECK_CACHE_PREDICTION']],
    ['that find more than expected', { predictedTokens: 0 }, ['CHECK_CACHE_PREDICTION']],
    ['that find what nobody can expect', { predictedTokens: 0, publishesKvEvents: false }, []],
    ['without cached tokens', { cachedTokens: null }, ['CHECK_CACHED_NOT_REPORTED']],
    ['without cached tokens where none are expected', { cachedTokens: null, predictedTokens: 0 }, []],
    ['of prefill legs that hand nothing over', { handedOver: false }, ['CHECK_NO_HANDOVER']],
    ['of prefill legs that hand over', { handedOver: true }, []],
  ])('judges answers %s', (_what, change, codes) => {
    expect(codesAfter(20, change)).toEqual(codes);
  });

  it('says nothing of single answers', () => {
    expect(codesAfter(2, { engineTokens: 3, handedOver: false })).toEqual([]);
  });

  it('forgets what was wrong once a window of answers is well, and workers that have gone', () => {
    const window = new AnswerWindow();
    expect(codesAfter(60, { engineTokens: 7 }, window)).toEqual(['CHECK_TOKENS_DIFFER']);
    expect(codesAfter(100, {}, window)).toEqual([]);
    expect(codesAfter(60, { engineTokens: 7 }, window)).toEqual(['CHECK_TOKENS_DIFFER']);
    window.retain(() => false);
    expect(answerFindings(window)).toEqual([]);
  });
});
