import { parentPort, workerData } from 'node:worker_threads';
import { ConversationEncoder } from './conversation-encoder.js';
import { encodeTask, taskUnits } from './encode-task.js';
import type { Encoded } from './encode-task.js';
import { loadTokenizer } from './load-tokenizer.js';
import type { LoadedTokenizer } from './load-tokenizer.js';
import { ChatTemplate, readTemplateVariables } from './rendering/chat-template.js';
import { shortfallCodes } from './rendering/shortfall.js';
import { WorkLoop } from './slicing/work-loop.js';
import type { CacheCounts, Vocabulary, WorkerReply, WorkerRequest, WorkerSetup } from './worker-messages.js';

/** Entry of the worker thread: loads the tokenizer, says `ready`, then answers requests, a slice of each at a time. */
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
  const template = new ChatTemplate(loaded, readTemplateVariables(setup.templateVariables));
  const encoder = new ConversationEncoder(loaded, setup.cacheTokensMax);
  const { stretchUnitsMax } = setup;
  const loop = new WorkLoop<Encoded>({
    schedule: setImmediate,
    onDone: (id, result) => reply(replyOf(id, result, encoder.counts())),
    // One bad text fails alone and not with all that wait behind it.
    onFailed: (id, error) =>
      reply({ kind: 'failed', id, code: 'TEXT_ENCODING_FAILED', reason: messageOf(error) }),
  });
  parentPort?.on('message', (request: WorkerRequest) => {
    if (request.kind === 'cancel') loop.giveUp(request.id);
    else {
      const { id, task, tokensMax } = request;
      const parts = { loaded, template, encoder, stretchUnitsMax };
      try {
        loop.add(id, taskUnits(task), encodeTask(task, tokensMax, parts));
      } catch (error) {
        reply({ kind: 'failed', id, code: 'TEXT_ENCODING_FAILED', reason: messageOf(error) });
      }
    }
  });
  reply({ kind: 'ready', vocabulary: describe(loaded) });
}

function replyOf(id: number, result: Encoded, cache: CacheCounts): WorkerReply {
  switch (result.kind) {
    case 'encoded':
      return { kind: 'encoded', id, tokens: result.tokens, cache };
    case 'refused':
      return {
        kind: 'failed',
        id,
        code: shortfallCodes[result.why],
        reason: result.reason,
        beginning: result.beginning,
      };
    case 'over':
    case 'unsliceable':
      return { ...result, id };
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
