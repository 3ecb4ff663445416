import { ask } from '../ask.js';
import type { Fields } from '../ask.js';
import { wordsOf } from '../conversation-text.js';
import type { ChatMessage } from '../conversation-text.js';
import { Comparisons } from '../findings.js';
import type { Finding } from '../findings.js';
import { MODEL } from '../workshop.js';

const CONVERSATIONS = 6;
const TURNS = 5;
const OUTPUT_TOKENS = 16;

export interface ConversationWishes {
  readonly scene: string;
  readonly check: string;
  /** Told apart from what other checks have said. */
  readonly seed: number;
  readonly fields?: Fields;
  readonly conversations?: number;
  readonly wordsPerTurn?: number;
}

/** Conversations in turn: each turn's prompt begins with the one before. Predicted must equal cached, in every turn. */
export async function conversations(url: string, wishes: ConversationWishes): Promise<Finding> {
  const { scene, check, seed, fields = {}, wordsPerTurn = 40 } = wishes;
  const comparisons = new Comparisons();
  const count = wishes.conversations ?? CONVERSATIONS;
  const histories = Array.from({ length: count }, (_, number): ChatMessage[] => [
    { role: 'system', content: wordsOf(seed * 1_000 + number, 2 * wordsPerTurn) },
  ]);
  let [prompt, cached] = [0, 0];
  for (let turn = 0; turn < TURNS; turn += 1)
    for (const [number, messages] of histories.entries()) {
      const content = wordsOf(seed * 1_000 + number * 50 + turn, wordsPerTurn);
      messages.push({ role: 'user', content });
      const answered = await ask(url, '/v1/chat/completions', {
        model: MODEL,
        messages,
        max_tokens: OUTPUT_TOKENS,
        temperature: 0,
        ...fields,
      });
      const what = `conversation ${number}, turn ${turn}`;
      comparisons.same(`${what}, status`, 200, answered.status);
      comparisons.same(`${what}, cached`, answered.cachedTokens, answered.predictedTokens);
      prompt += answered.promptTokens;
      cached += answered.cachedTokens;
      messages.push({ role: 'assistant', content: answered.text });
    }
  return comparisons.finding(
    scene,
    check,
    `${Math.round((100 * cached) / prompt)} % of ${prompt} tokens cached`,
  );
}
