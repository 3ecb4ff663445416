import { ask } from '../ask.js';
import { wordsOf } from '../conversation-text.js';
import { Comparisons } from '../findings.js';
import type { Finding } from '../findings.js';
import { MODEL } from '../workshop.js';
import type { Engine } from '../workshop.js';
import { metric } from './disconnects.js';

const PROMPTS = 12;

/** Prompts that are computed on one engine and fetched by another: the answers are those of a single engine. */
export async function transfers(
  url: string,
  engines: { readonly alone: Engine; readonly decode: readonly Engine[] },
  scene: string,
): Promise<Finding> {
  const comparisons = new Comparisons();
  for (let number = 0; number < PROMPTS; number += 1) {
    const request = {
      model: MODEL,
      messages: [{ role: 'user', content: wordsOf(1_200 + number, 60 + 20 * number) }],
      max_tokens: 24,
      temperature: 0,
    };
    const response = await ask(url, '/v1/chat/completions', request);
    const alone = await ask(engines.alone.url, '/v1/chat/completions', request);
    comparisons.same(`prompt ${number}, status`, 200, response.status);
    comparisons.same(`prompt ${number}, text`, alone.text, response.text);
  }
  const counts = await Promise.all(
    engines.decode.map(({ url: engine }) => metric(engine, 'vllm:external_prefix_cache_hits_total')),
  );
  const fetched = counts.reduce((sum, count) => sum + count, 0);
  comparisons.same('tokens were fetched', true, fetched > 0);
  return comparisons.finding(scene, 'prefill, fetched by decode', `${fetched} tokens fetched`);
}
