import type { Question } from './client.js';

const OUTPUT_TOKENS = 80;
const FIRST_TURN_TOKENS = 400;
const TURN_TOKENS = 400;
/** After so many turns a conversation begins anew: its prompts are the same again, and so are their answers. */
export const TURNS = 10;
/** Every so manieth question is asked for in one piece. */
const WHOLE_EVERY = 4;

/** What a client asks in one turn of its conversation; each turn's prompt begins with the one before. */
export function questionOf(client: number, turn: number): Question {
  const length = FIRST_TURN_TOKENS + (turn % TURNS) * TURN_TOKENS;
  return {
    key: `${client}/${turn % TURNS}`,
    prompt: Array.from({ length }, (_, index) => 20 + ((index * (client + 3)) % 1_000)),
    outputTokens: OUTPUT_TOKENS,
    isStreamed: (turn + client) % WHOLE_EVERY !== 0,
  };
}
