import { readEngineError, readErrorPayload } from '@kvasir/openai';
import type { OpenAiError } from '@kvasir/openai';
import type { EngineClient, EngineRequest, SendOptions } from './engine-client.js';
import type { EngineLife } from './engine-life.js';
import { engineFailure, saidFailure, statusFailure } from './errors.js';
import type { EngineFailure } from './errors.js';
import type { EngineHead } from './exchange.js';
import { BodyCollector } from './body-collector.js';
import { retryAfterMs } from './retry-after.js';

/** An answer in one piece. */
export type EngineAnswer =
  | { readonly kind: 'ok'; readonly head: EngineHead; readonly bytes: Buffer }
  /** `error` is what the engine said when it answered with an error status. */
  | { readonly kind: 'failed'; readonly failure: EngineFailure; readonly error: OpenAiError | null }
  | { readonly kind: 'aborted' };

/** Sends a request for one token and waits for the whole answer (at most `answerBytesMax`). Never rejects. */
export async function callEngine(
  client: EngineClient,
  engine: { readonly url: string; readonly life?: EngineLife | null | undefined },
  request: EngineRequest,
  options: Pick<SendOptions, 'signal' | 'isSuspect'> = {},
): Promise<EngineAnswer> {
  const body = new BodyCollector(client.limits.answerBytesMax);
  const { url, life } = engine;
  const end = await client.send(url, request, { ...options, life, shape: 'oneToken', respond: () => body });
  if (end.kind === 'aborted') return end;
  if (end.kind === 'failed') return { kind: 'failed', failure: end.failure, error: null };
  if (body.isTooLarge) {
    const { status } = end.head;
    const message = `The answer is longer than ${client.limits.answerBytesMax} bytes`;
    return {
      kind: 'failed',
      failure: engineFailure('ENGINE_ANSWER_TOO_LARGE', message, { status }),
      error: null,
    };
  }
  return readAnswer(end.head, body.bytes());
}

/** Tells an answer from an error: by its status, or by a body that is an error object. */
export function readAnswer(head: EngineHead, bytes: Buffer): EngineAnswer {
  const failure = statusFailure(head.status, { retryAfterMs: retryAfterMs(head.headers['retry-after']) });
  if (failure !== null)
    return {
      kind: 'failed',
      failure,
      error: head.status >= 400 ? readEngineError(head.status, bytes) : null,
    };
  const error = readErrorPayload(bytes);
  if (error !== null) return { kind: 'failed', failure: saidFailure(error), error };
  return { kind: 'ok', head, bytes };
}
