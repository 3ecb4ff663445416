import { ask } from '../ask.js';
import { wordsOf } from '../conversation-text.js';
import { Comparisons } from '../findings.js';
import type { Finding } from '../findings.js';
import { MODEL } from '../workshop.js';
import type { Engine } from '../workshop.js';

const PROMPTS = 8;

/** An engine is killed: the others serve. It comes back with an empty cache, and nothing is expected of it that it does not have. */
export async function engineDeath(
  url: string,
  victim: Engine,
  options: { readonly scene: string; readonly listed: () => Promise<void> },
): Promise<Finding> {
  const comparisons = new Comparisons();
  const requests = Array.from({ length: PROMPTS }, (_, number) => ({
    model: MODEL,
    messages: [{ role: 'user', content: wordsOf(900 + number, 120) }],
    max_tokens: 4,
    temperature: 0,
  }));
  for (const request of requests) await ask(url, '/v1/chat/completions', request);
  await victim.program.kill();
  for (const [number, request] of requests.entries()) {
    const answered = await ask(url, '/v1/chat/completions', request);
    comparisons.same(`prompt ${number}, while one is dead`, 200, answered.status);
    comparisons.same(
      `prompt ${number}, cached while one is dead`,
      answered.cachedTokens,
      answered.predictedTokens,
    );
  }
  await victim.program.restart();
  await options.listed();
  for (const [number, request] of requests.entries()) {
    const answered = await ask(url, '/v1/chat/completions', request);
    comparisons.same(`prompt ${number}, after its return`, 200, answered.status);
    comparisons.same(
      `prompt ${number}, cached after its return`,
      answered.cachedTokens,
      answered.predictedTokens,
    );
  }
  return comparisons.finding(options.scene, 'an engine is killed', `${victim.name}, and comes back`);
}
