import { parentPort, workerData } from 'node:worker_threads';
import { Template } from '@huggingface/jinja';
import { ConversationEncoder } from './conversation-encoder.js';
import { loadTokenizer } from './load-tokenizer.js';
import type { LoadedTokenizer } from './load-tokenizer.js';
import type { EncodeTask, WorkerReply, WorkerRequest, WorkerSetup } from './worker-messages.js';

/** Entry of the worker thread: loads the tokenizer, says `ready`, then answers requests in the order they came. */
async function run(setup: WorkerSetup): Promise<void> {
  const loading = await loadTokenizer(setup.tokenizerPath);
  if (loading.kind !== 'loaded') {
    const reason = loading.kind === 'missing' ? `${loading.path} is gone` : loading.reason;
    reply({ kind: 'invalid', reason });
    return;
  }
  const { loaded } = loading;
  const encoder = new ConversationEncoder(loaded, setup.cacheTokensMax);
  const template = loaded.chatTemplate === null ? null : new Template(loaded.chatTemplate);
  parentPort?.on('message', ({ id, task }: WorkerRequest) => {
    const text = task.kind === 'chat' ? render(task, template, loaded) : { kind: 'text' as const, text: '' };
    if (text.kind === 'failed') {
      reply({ kind: 'templateFailed', id, reason: text.reason });
      return;
    }
    const tokens = task.kind === 'chat' ? encoder.encode(text.text) : encodeText(task, loaded);
    reply({ kind: 'encoded', id, tokens, cache: encoder.counts() });
  });
  reply({ kind: 'ready' });
}

type Rendering =
  { readonly kind: 'text'; readonly text: string } | { readonly kind: 'failed'; readonly reason: string };

function render(
  { input }: Extract<EncodeTask, { kind: 'chat' }>,
  template: Template | null,
  { namedTokens }: LoadedTokenizer,
): Rendering {
  if (template === null) return { kind: 'failed', reason: 'the tokenizer has no chat template' };
  try {
    const text = template.render({
      ...namedTokens,
      ...input.templateArguments,
      messages: input.messages,
      ...(input.tools === undefined ? {} : { tools: input.tools }),
      add_generation_prompt: input.addGenerationPrompt ?? true,
    });
    return { kind: 'text', text };
  } catch (error) {
    return { kind: 'failed', reason: error instanceof Error ? error.message : String(error) };
  }
}

function encodeText(
  task: Extract<EncodeTask, { kind: 'text' }>,
  { tokenizer }: LoadedTokenizer,
): Uint32Array<ArrayBuffer> {
  return Uint32Array.from(tokenizer.encode(task.text, { add_special_tokens: task.addSpecialTokens }).ids);
}

function reply(message: WorkerReply): void {
  // The ids move to the main thread without a copy: the worker keeps only its cached segments.
  parentPort?.postMessage(message, message.kind === 'encoded' ? [message.tokens.buffer] : []);
}

await run(workerData as WorkerSetup);
