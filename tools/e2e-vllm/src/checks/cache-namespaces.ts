import { ask } from '../ask.js';
import { wordsOf } from '../conversation-text.js';
import { Comparisons } from '../findings.js';
import type { Finding } from '../findings.js';
import { MODEL } from '../workshop.js';

/** Adapters and salts have caches of their own: equal prompts are found only where adapter and salt are the same. */
export async function cacheNamespaces(url: string, scene: string): Promise<Finding> {
  const comparisons = new Comparisons();
  const messages = [{ role: 'user', content: wordsOf(500, 150) }];
  for (const model of [MODEL, 'sql', 'poetry'])
    for (const salt of [null, 'pepper', 'salt']) {
      const request = {
        ...{ model, messages, max_tokens: 4, temperature: 0 },
        ...(salt === null ? {} : { cache_salt: salt }),
      };
      const what = `${model}, ${salt ?? 'no salt'}`;
      const first = await ask(url, '/v1/chat/completions', request);
      comparisons.same(`${what}, first`, 0, first.cachedTokens + first.predictedTokens);
      const again = await ask(url, '/v1/chat/completions', request);
      comparisons.same(`${what}, status`, 200, again.status);
      comparisons.same(`${what}, cached`, again.cachedTokens, again.predictedTokens);
      comparisons.same(`${what}, found again`, true, again.cachedTokens > 0);
    }
  return comparisons.finding(scene, 'adapters and salts', '3 models × 3 salts');
}
