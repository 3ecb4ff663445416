import { ask } from '../ask.js';
import { wordsOf } from '../conversation-text.js';
import { Comparisons } from '../findings.js';
import type { Finding } from '../findings.js';
import { MODEL } from '../workshop.js';

const SYSTEM = { role: 'system', content: wordsOf(77, 90) };
const USER = { role: 'user', content: wordsOf(78, 30) };
const CALL = {
  id: 'call_1',
  type: 'function',
  function: { name: 'tide', arguments: '{"port": "Bergen", "depth": 1.0}' },
};
const PARAMETERS = {
  type: 'object',
  properties: { port: { type: 'string' }, '2': { type: 'number', minimum: 0.0 } },
};

const tool = (fields: object): readonly object[] => [
  { type: 'function', function: { name: 'tide', ...fields } },
];

/** Requests of many shapes, each sent twice: the second time everything but the last token's block is cached where the router said so. */
const SHAPES: Readonly<Record<string, object>> = {
  'a tool': { messages: [SYSTEM, USER], tools: tool({ description: 'Tides', parameters: PARAMETERS }) },
  'a tool without description': { messages: [SYSTEM, USER], tools: tool({ parameters: PARAMETERS }) },
  'a tool without parameters': { messages: [SYSTEM, USER], tools: tool({ description: 'Tides' }) },
  'a tool, other order': {
    messages: [SYSTEM, USER],
    tools: [{ function: { parameters: PARAMETERS, name: 'tide', description: 'Tides' }, type: 'function' }],
  },
  'a tool, unknown members': {
    messages: [SYSTEM, USER],
    tools: [
      { type: 'function', cache_control: { type: 'ephemeral' }, function: { name: 'tide', strict: null } },
    ],
  },
  'a call and its answer': {
    messages: [
      SYSTEM,
      USER,
      { role: 'assistant', content: null, tool_calls: [CALL] },
      { role: 'tool', tool_call_id: 'call_1', content: '3.2 m' },
    ],
    tools: tool({ parameters: PARAMETERS }),
  },
  'parallel calls': {
    messages: [
      SYSTEM,
      USER,
      { role: 'assistant', content: '', tool_calls: [CALL, { ...CALL, id: 'call_2' }] },
      { role: 'tool', tool_call_id: 'call_1', content: '3.2 m' },
      { role: 'tool', tool_call_id: 'call_2', content: '3.3 m' },
      USER,
    ],
  },
  'tool_calls null': {
    messages: [SYSTEM, USER, { role: 'assistant', content: 'Yes', tool_calls: null }, USER],
  },
  'tool_calls empty': {
    messages: [SYSTEM, USER, { role: 'assistant', content: 'Yes', tool_calls: [] }, USER],
  },
  'content parts': {
    messages: [SYSTEM, { role: 'user', content: [{ type: 'text', text: wordsOf(79, 60) }] }],
  },
  'several parts': {
    messages: [
      SYSTEM,
      {
        role: 'user',
        content: [
          { type: 'text', text: wordsOf(80, 40) },
          { type: 'text', text: wordsOf(81, 40) },
        ],
      },
    ],
  },
  'developer role': { messages: [{ role: 'developer', content: wordsOf(82, 90) }, USER] },
  'continued answer': {
    messages: [SYSTEM, USER, { role: 'assistant', content: wordsOf(83, 40) }],
    continue_final_message: true,
    add_generation_prompt: false,
  },
  'no generation prompt': { messages: [SYSTEM, USER], add_generation_prompt: false },
  'reasoning echoed': {
    messages: [SYSTEM, USER, { role: 'assistant', content: 'Yes', reasoning: wordsOf(84, 30) }, USER],
  },
  'reasoning effort': { messages: [SYSTEM, USER], reasoning_effort: 'low' },
  'template arguments': { messages: [SYSTEM, USER], chat_template_kwargs: { enable_thinking: false } },
  'unknown members': { messages: [{ ...SYSTEM, mood: 'calm' }, USER], metadata: { k: 'v' } },
  'truncated prompt': { messages: [SYSTEM, USER], truncate_prompt_tokens: 70 },
  emoji: { messages: [SYSTEM, { role: 'user', content: '🌊🌊 café naïve 你好 '.repeat(20) }] },
};

export async function chatShapes(url: string, scene: string): Promise<Finding> {
  const comparisons = new Comparisons();
  for (const [name, shape] of Object.entries(SHAPES)) {
    const request = { model: MODEL, max_tokens: 4, temperature: 0, ...shape };
    await ask(url, '/v1/chat/completions', request);
    const again = await ask(url, '/v1/chat/completions', request);
    comparisons.same(`${name}, status`, 200, again.status);
    comparisons.same(`${name}, cached`, again.cachedTokens, again.predictedTokens);
    comparisons.same(`${name}, found again`, true, again.predictedTokens > 0);
  }
  return comparisons.finding(scene, 'chat shapes', `${Object.keys(SHAPES).length} shapes`);
}
