import type { EngineKvEvent } from '@kvasir/engine-events';
import { readEngineHash } from '@kvasir/engine-events';
import type { RankTaker, TakerLookup } from '@kvasir/engine-watch';
import type { KvEventStream, PublishedKvEvent } from '@kvasir/rpc';
import { engineAgentError } from './errors.js';

/** One stream of an engine that publishes by itself: finds its rank by the first message, and hands on what follows. */
export class GrpcEventStream implements KvEventStream {
  readonly #find: (workerId: string, rank: number) => TakerLookup;
  #take: RankTaker | null = null;

  constructor(find: (workerId: string, rank: number) => TakerLookup) {
    this.#find = find;
  }

  take(event: PublishedKvEvent): void {
    if (event.kind === 'opened') this.#open(event);
    else if (this.#take === null)
      throw engineAgentError(
        'AGENT_STREAM_NOT_OPENED',
        `Cannot take "${event.kind}": the stream is not opened`,
      );
    else this.#take(engineEvent(event));
  }

  ended(): void {
    this.#take = null;
  }

  #open({ workerId, rank }: Extract<PublishedKvEvent, { kind: 'opened' }>): void {
    if (this.#take !== null)
      throw engineAgentError('AGENT_STREAM_NOT_OPENED', 'Cannot open the stream: it is open already');
    const found = this.#find(workerId, rank);
    switch (found.kind) {
      case 'unknown':
        throw engineAgentError(
          'AGENT_UNKNOWN_ENGINE',
          `Cannot open the stream: no engine "${workerId}" with a rank ${rank} publishes over gRPC here`,
        );
      case 'down':
        throw engineAgentError('AGENT_ENGINE_DOWN', `Cannot open the stream of ${workerId}: ${found.reason}`);
      case 'taker':
        this.#take = found.take;
    }
  }
}

function engineEvent(event: Exclude<PublishedKvEvent, { kind: 'opened' }>): EngineKvEvent {
  switch (event.kind) {
    case 'stored':
      return {
        kind: 'stored',
        hashes: names(event.hashes),
        parent: event.parent === null ? null : (readEngineHash(event.parent) ?? null),
        tokens: event.tokens,
        blockSize: event.blockSize,
        loraName: event.loraName,
        cacheSalt: event.cacheSalt,
        media: event.media ?? NO_MEDIA,
        opaqueFrom: null,
        tier: 'device',
        group: null,
        isFullAttention: true,
        origin: 'untold',
      };
    case 'removed':
      return {
        kind: 'removed',
        hashes: names(event.hashes),
        copiesLeft: null,
        isPerCopy: false,
        tier: 'device',
        group: null,
      };
    case 'cleared':
      return { kind: 'cleared' };
  }
}

const NO_MEDIA: ReadonlyMap<number, readonly string[]> = new Map();
const names = (hashes: BigUint64Array): string[] => [...hashes].flatMap((hash) => readEngineHash(hash) ?? []);
