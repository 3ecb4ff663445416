import type { PromptRequest } from '@kvasir/openai';

/** What makes a difference to how a conversation is rendered, and how it shows in the bytes of a request: nothing is parsed for it. */
const FEATURES: readonly (readonly [name: string, isThere: (request: ChatRequest) => boolean])[] = [
  ['tools', ({ tools }) => tools !== null],
  ['toolCalls', ({ messages }) => messages.includes('"tool_call')],
  ['parts', ({ messages }) => messages.includes('"type"') && messages.includes('"text"')],
  ['system', ({ messages }) => messages.includes('"system"')],
  ['developer', ({ messages }) => messages.includes('"developer"')],
  ['reasoning', ({ messages }) => messages.includes('"reasoning')],
  ['variables', ({ body }) => body.has('chat_template_kwargs') || body.has('reasoning_effort')],
  ['continued', ({ body }) => body.has('continue_final_message') || body.has('add_generation_prompt')],
];

type ChatRequest = Extract<PromptRequest, { kind: 'chat' }>;

/** E.g. `chat+tools+system`: requests of one shape are rendered by the same code. At most 257 different ones. */
export function promptShape(request: PromptRequest): string {
  if (request.kind === 'completion') return 'completion';
  const features = FEATURES.filter(([, isThere]) => isThere(request)).map(([name]) => name);
  return ['chat', ...features].join('+');
}
