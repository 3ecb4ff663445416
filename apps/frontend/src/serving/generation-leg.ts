import { BodyCollector, engineFailure, readAnswer, saidFailure } from '@kvasir/engines';
import type {
  AnswerShape,
  BodyReceiver,
  EngineAnswer,
  EngineClient,
  EngineFailure,
  EngineHead,
  EngineLife,
  EngineRequest,
  ExchangeEnd,
} from '@kvasir/engines';
import { patchUsage, SseScanner } from '@kvasir/openai';
import type { OpenAiError } from '@kvasir/openai';
import { contentTypeOf, isEventStream, StreamAnswer } from './stream-answer.js';
import type { StreamAnswerParts } from './stream-answer.js';

/** One attempt to generate the answer on one worker. */
export interface GenerationAttempt extends Omit<StreamAnswerParts, 'scanner'> {
  readonly engines: EngineClient;
  readonly url: string;
  readonly life: EngineLife | null;
  readonly shape: AnswerShape;
  readonly leg: EngineRequest;
  readonly signal: AbortSignal;
  /** The request has broken a connection before. */
  readonly isSuspect: boolean;
  /** What the prefill leg found cached, to be told instead of what this leg fetched; null tells what the engine says. */
  readonly cachedTokens: number | null;
  /** The usage of the stream was asked for on our own account: the client does not get it. */
  readonly hidesUsage: boolean;
}

export type GenerationEnd =
  /** The client has the whole answer. */
  | { readonly kind: 'answered' }
  /** `error` is what the engine said; `hasBegun` when the client has bytes of this answer already. */
  | {
      readonly kind: 'failed';
      readonly failure: EngineFailure;
      readonly error: OpenAiError | null;
      readonly hasBegun: boolean;
    }
  | { readonly kind: 'aborted' };

/** Sends a leg to a worker and passes its answer on to the client, streamed or in one piece. Never rejects. */
export async function runGeneration(attempt: GenerationAttempt): Promise<GenerationEnd> {
  const { cachedTokens, hidesUsage } = attempt;
  const scanner = new SseScanner({ cachedTokens, hidesUsage });
  const body = new BodyCollector(attempt.engines.limits.answerBytesMax);
  let stream: StreamAnswer | null = null;
  const end = await attempt.engines.send(attempt.url, attempt.leg, {
    signal: attempt.signal,
    life: attempt.life,
    shape: attempt.shape,
    isSuspect: attempt.isSuspect,
    respond: (head, flow): BodyReceiver => {
      if (head.status !== 200 || !isEventStream(head)) return body;
      stream = new StreamAnswer({ ...attempt, scanner }, head, flow);
      return stream;
    },
  });
  // TypeScript does not see the assignment in the callback.
  const streamed = stream as StreamAnswer | null;
  streamed?.finish();
  attempt.record.unreadEvents += scanner.oversizedEvents;
  if (end.kind === 'aborted') return end;
  if (streamed !== null) return streamEnd(attempt, end, scanner);
  if (end.kind === 'failed') return failedBefore(end.failure, null);
  return answerWhole(attempt, end.head, body);
}

function streamEnd(attempt: GenerationAttempt, end: ExchangeEnd, scanner: SseScanner): GenerationEnd {
  const { answer, record } = attempt;
  record.addUsage(scanner.usage);
  const hasBegun = answer.status !== null;
  if (scanner.error !== null) {
    const failure = saidFailure(scanner.error);
    // The client has read the engine's own error event when it has read anything.
    if (hasBegun) answer.end();
    return { kind: 'failed', failure, error: scanner.error, hasBegun };
  }
  if (end.kind === 'failed') return { kind: 'failed', failure: end.failure, error: null, hasBegun };
  // What ends a stream of another API is for its client to know.
  if (!isRelayed(attempt) && !scanner.isDone && !scanner.isFinished) {
    const failure = engineFailure('ENGINE_INCOMPLETE', 'The stream ended before it was finished');
    return { kind: 'failed', failure, error: null, hasBegun };
  }
  answer.end();
  return { kind: 'answered' };
}

function answerWhole(attempt: GenerationAttempt, head: EngineHead, body: BodyCollector): GenerationEnd {
  if (body.isTooLarge) {
    const failure = engineFailure('ENGINE_ANSWER_TOO_LARGE', 'The answer is longer than may be kept');
    return failedBefore(failure, null);
  }
  const read = readAnswer(head, body.bytes());
  if (isRelayed(attempt) && isOwnAnswer(read)) {
    attempt.answer.send(head.status, contentTypeOf(head), body.bytes(), attempt.headers);
    return { kind: 'answered' };
  }
  if (read.kind === 'failed') return failedBefore(read.failure, read.error);
  if (read.kind === 'aborted') return read;
  if (attempt.answer.hasHead) {
    const failure = engineFailure(
      'ENGINE_PROTOCOL',
      'The engine answered in one piece when it was to stream',
    );
    return failedBefore(failure, null);
  }
  const { bytes, usage } = patchUsage(read.bytes, attempt.cachedTokens);
  attempt.record.addUsage(usage);
  attempt.answer.send(head.status, contentTypeOf(head), bytes, attempt.headers);
  return { kind: 'answered' };
}

function isRelayed({ record }: GenerationAttempt): boolean {
  return record.endpoint === 'relayed';
}

/** An answer, or a refusal of this request: both in the shape of its API. */
function isOwnAnswer(read: EngineAnswer): boolean {
  return read.kind === 'ok' || (read.kind === 'failed' && read.failure.outcome === 'clientFault');
}

function failedBefore(failure: EngineFailure, error: OpenAiError | null): GenerationEnd {
  return { kind: 'failed', failure, error, hasBegun: false };
}
