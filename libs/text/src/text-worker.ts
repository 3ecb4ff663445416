import { parentPort, workerData } from 'node:worker_threads';
import { ChatTemplate, readChat } from './chat-template.js';
import { ConversationEncoder } from './conversation-encoder.js';
import { loadTokenizer } from './load-tokenizer.js';
import type { LoadedTokenizer } from './load-tokenizer.js';
import type { EncodeTask, Vocabulary, WorkerReply, WorkerRequest, WorkerSetup } from './worker-messages.js';

/** Entry of the worker thread: loads the tokenizer, says `ready`, then answers requests in the order they came. */
async function run(setup: WorkerSetup): Promise<void> {
  const loading = await loadTokenizer(setup.tokenizerPath);
  if (loading.kind === 'missing') {
    reply({ kind: 'unusable', code: 'TEXT_TOKENIZER_MISSING', reason: loading.path });
    return;
  }
  if (loading.kind === 'invalid') {
    reply({ kind: 'unusable', code: 'TEXT_TOKENIZER_INVALID', reason: loading.reason });
    return;
  }
  const { loaded } = loading;
  const template = compileTemplate(loaded, setup.tokenizerPath);
  if (template === null) return;
  const encoder = new ConversationEncoder(loaded, setup.cacheTokensMax);
  parentPort?.on('message', (request: WorkerRequest) => {
    if (request.kind === 'cancel') return;
    const { id, task } = request;
    // Caught here, so that one bad text fails alone and not with all that wait behind it.
    try {
      answer(id, task, { loaded, template, encoder });
    } catch (error) {
      reply({ kind: 'failed', id, code: 'TEXT_ENCODING_FAILED', reason: messageOf(error) });
    }
  });
  reply({ kind: 'ready', vocabulary: describe(loaded) });
}

interface Parts {
  readonly loaded: LoadedTokenizer;
  readonly template: ChatTemplate;
  readonly encoder: ConversationEncoder;
}

function answer(id: number, task: EncodeTask, { loaded, template, encoder }: Parts): void {
  if (task.kind === 'text') {
    const { ids } = loaded.tokenizer.encode(task.text, { add_special_tokens: task.addSpecialTokens });
    reply({ kind: 'encoded', id, tokens: Uint32Array.from(ids), cache: encoder.counts() });
    return;
  }
  const rendering = template.render(readChat(task.body));
  if (rendering.kind === 'refused') {
    reply({ kind: 'failed', id, code: 'TEXT_TEMPLATE_FAILED', reason: rendering.reason });
    return;
  }
  const tokens = encoder.encode(rendering.text);
  reply({ kind: 'encoded', id, tokens, cache: encoder.counts() });
}

function compileTemplate(loaded: LoadedTokenizer, path: string): ChatTemplate | null {
  try {
    return new ChatTemplate(loaded);
  } catch (error) {
    const reason = `${path}: the chat template cannot be parsed: ${messageOf(error)}`;
    reply({ kind: 'unusable', code: 'TEXT_TOKENIZER_INVALID', reason });
    return null;
  }
}

function describe({ tokenizer, addedTokens }: LoadedTokenizer): Vocabulary {
  const special = [...addedTokens].filter(([, { isSpecial }]) => isSpecial);
  return {
    size: tokenizer.get_vocab(true).size,
    specialTokens: new Map(special.map(([text, { id }]) => [text, id])),
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function reply(message: WorkerReply): void {
  // The ids move to the main thread without a copy: the worker keeps only its cached segments.
  parentPort?.postMessage(message, message.kind === 'encoded' ? [message.tokens.buffer] : []);
}

await run(workerData as WorkerSetup);
