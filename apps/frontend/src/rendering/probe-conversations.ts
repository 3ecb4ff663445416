import { parseChatRequest, parseCompletionRequest } from '@kvasir/openai';
import type { PromptRequest } from '@kvasir/openai';

const question = { role: 'user', content: 'Which way is the harbour?  Näher als 3.5 km?\n' };
const answer = { role: 'assistant', content: 'Down the hill, then left.' };
const weather = {
  type: 'function',
  function: {
    name: 'weather',
    description: 'Tells the weather',
    parameters: {
      type: 'object',
      properties: { place: { type: 'string' }, days: { type: 'number', default: 1.0 } },
    },
  },
};
const call = {
  id: 'call_1',
  type: 'function',
  function: { name: 'weather', arguments: '{"place": "Aros", "days": 2}' },
};
const called = [
  { role: 'assistant', content: null, tool_calls: [call] },
  { role: 'tool', tool_call_id: 'call_1', content: '12 °C' },
];

/** One of each feature alone: small, and with what renderers differ in. */
const PROBES: readonly object[] = [
  { prompt: 'Once upon a time, 3.5 km from the harbour:\n' },
  { messages: [question] },
  { messages: [question, answer, question] },
  { messages: [question], tools: [weather] },
  { messages: [question, ...called] },
  {
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Which way' },
          { type: 'text', text: 'is it?' },
        ],
      },
    ],
  },
  { messages: [{ role: 'system', content: ' Be brief.' }, question] },
  { messages: [{ role: 'developer', content: 'Be brief.' }, question] },
  { messages: [question, { ...answer, reasoning_content: 'They look for it.' }, question] },
  { messages: [question], chat_template_kwargs: { enable_thinking: false } },
  { messages: [question, answer], continue_final_message: true, add_generation_prompt: false },
];

/** Requests that show whether this process renders as an engine does. @param model as the engine calls it. */
export function probeRequests(model: string): readonly PromptRequest[] {
  return PROBES.flatMap((probe) => {
    const bytes = Buffer.from(JSON.stringify({ model, ...probe }));
    const reading = 'prompt' in probe ? parseCompletionRequest(bytes) : parseChatRequest(bytes);
    return reading.kind === 'ok' ? [reading.request] : [];
  });
}
