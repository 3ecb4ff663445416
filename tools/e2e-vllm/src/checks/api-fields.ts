import { ask } from '../ask.js';
import type { Fields } from '../ask.js';
import { Comparisons } from '../findings.js';
import type { Finding } from '../findings.js';
import { MODEL } from '../workshop.js';

const MESSAGES = [{ role: 'user', content: 'Who was Kvasir?' }];
const TOOLS = [
  { type: 'function', function: { name: 'tide', parameters: { type: 'object', properties: {} } } },
];
const SCHEMA = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] };

/** One request per field of the API, each with what it needs besides. */
const CHAT_FIELDS: readonly Fields[] = [
  { n: 2 },
  { stop: [' the'] },
  { stop: 'e' },
  { stop_token_ids: [5] },
  { presence_penalty: 0.5 },
  { frequency_penalty: 0.5 },
  { repetition_penalty: 1.1 },
  { logit_bias: { '5': 2 } },
  { logprobs: true },
  { logprobs: true, top_logprobs: 3 },
  { seed: 7 },
  { top_p: 0.9 },
  { top_k: 5 },
  { min_p: 0.1 },
  { min_tokens: 2 },
  { max_completion_tokens: 3 },
  { ignore_eos: true },
  { skip_special_tokens: false },
  { spaces_between_special_tokens: false },
  { include_stop_str_in_output: true, stop: 'e' },
  { truncate_prompt_tokens: 4 },
  { prompt_logprobs: 1 },
  { echo: true },
  { add_generation_prompt: false },
  {
    continue_final_message: true,
    add_generation_prompt: false,
    messages: [...MESSAGES, { role: 'assistant', content: 'He' }],
  },
  { add_special_tokens: true },
  { documents: [{ title: 'a', text: 'b' }] },
  { chat_template_kwargs: { enable_thinking: false } },
  { response_format: { type: 'text' } },
  { response_format: { type: 'json_object' } },
  { response_format: { type: 'json_schema', json_schema: { name: 'n', schema: SCHEMA } } },
  { structured_outputs: { choice: ['yes', 'no'] } },
  { structured_outputs: { regex: '[ab]+' } },
  { tools: TOOLS, tool_choice: 'none' },
  { tools: TOOLS, tool_choice: 'required' },
  { user: 'u' },
  { metadata: { a: 'b' } },
  { store: false },
  { service_tier: 'auto' },
  { parallel_tool_calls: false },
  { priority: 0 },
  { request_id: 'mine' },
  { return_tokens_as_token_ids: true, logprobs: true },
  { return_token_ids: true },
  { cache_salt: 'pepper' },
  { reasoning_effort: 'low' },
  { include_reasoning: false },
  { vllm_xargs: { a: 1 } },
  { messages: [{ role: 'user', content: [] }] },
  { messages: [{ role: 'user', content: null }] },
  { messages: [] },
  { temperature: 3 },
  { max_tokens: 0 },
  { max_tokens: 100_000 },
  { n: 0 },
  { logit_bias: { x: 2 } },
];

const COMPLETION_FIELDS: readonly Fields[] = [
  { prompt: 'Who was he?' },
  { prompt: ['Who', 'was'] },
  { prompt: [1, 2, 3] },
  {
    prompt: [
      [1, 2],
      [3, 4],
    ],
  },
  { prompt: '' },
  { prompt: [] },
  { prompt: 'a', suffix: 'b' },
  { prompt: 'a', echo: true },
  { prompt: 'a', echo: true, logprobs: 1 },
  { prompt: 'a', logprobs: 2 },
  { prompt: 'a', n: 2 },
  { prompt: 'a', prompt_logprobs: 1 },
  { prompt: 'a', truncate_prompt_tokens: 1 },
  { prompt: 'a', add_special_tokens: false },
  { prompt: 'a', max_tokens: 0 },
  { prompt: 'a', stop: ['b'] },
  { prompt: 'a', return_token_ids: true },
  { prompt: [999_999] },
];

/** The same request to an engine and through Kvasir must have the same status, and the same text where it has one. */
export async function apiFields(
  urls: { readonly kvasir: string; readonly engine: string },
  scene: string,
): Promise<Finding> {
  const comparisons = new Comparisons();
  const chats = CHAT_FIELDS.map(
    (fields) => ['/v1/chat/completions', { messages: MESSAGES, ...fields }] as const,
  );
  const completions = COMPLETION_FIELDS.map((fields) => ['/v1/completions', fields] as const);
  let answered = 0;
  for (const [path, fields] of [...chats, ...completions]) {
    const request = { model: MODEL, max_tokens: 4, temperature: 0, ...fields };
    const engine = await ask(urls.engine, path, request);
    const kvasir = await ask(urls.kvasir, path, request);
    const what = `${path} ${JSON.stringify(fields).slice(0, 120)}`;
    comparisons.same(`${what}, status (${kvasir.body.slice(0, 160)})`, engine.status, kvasir.status);
    if (engine.status !== 200) continue;
    answered += 1;
    comparisons.same(`${what}, text`, engine.text, kvasir.text);
  }
  return comparisons.finding(
    scene,
    'API fields',
    `${answered} of ${chats.length + completions.length} answered 200 by vLLM`,
  );
}
