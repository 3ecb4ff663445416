import type { RequestRole, SimUsage, SubmitOutcome } from '@kvasir/engine-sim';
import type { Usage } from '@kvasir/openai';
import { AnswerSource } from '../engine/answer-source.js';
import type { Finished, GenerationListener } from '../engine/engine-driver.js';
import { StopStrings } from '../engine/stop-strings.js';
import type { RankParts } from '../engine-parts.js';
import { BlockFetch } from '../transfer/block-fetch.js';
import { keptParams } from '../transfer/transfer-params.js';
import type { AnswerWriter } from './answer-writer.js';
import type { GenerationRequest } from './generation-request.js';
import { engineError } from './engine-error.js';
import type { EngineError } from './engine-error.js';

/** One sequence inside the engine. */
interface Run {
  readonly id: string;
  readonly fetch: BlockFetch | null;
}

/** One API request in the engine: a sequence per prompt and choice, and the answer that comes together from them. */
export class Generation {
  readonly #parts: RankParts;
  readonly #request: GenerationRequest;
  readonly #prompts: readonly Uint32Array[];
  readonly #writer: AnswerWriter;
  readonly #runs: Run[] = [];
  readonly #usages: SimUsage[] = [];
  #transfer: Readonly<Record<string, unknown>> | null = null;
  #isOver = false;

  constructor(
    parts: RankParts,
    options: {
      readonly request: GenerationRequest;
      /** Token ids of each prompt. */
      readonly prompts: readonly Uint32Array[];
      readonly writer: AnswerWriter;
    },
  ) {
    this.#parts = parts;
    this.#request = options.request;
    this.#prompts = options.prompts;
    this.#writer = options.writer;
  }

  /** Hands all sequences to the engine. @param requestId names them. @returns why not, and then none runs. */
  start(requestId: string): EngineError | null {
    for (const prompt of this.#prompts) {
      const error = this.#contextError(prompt.length);
      if (error !== null) return error;
    }
    const { choiceCount } = this.#request.api;
    for (const [index, prompt] of this.#prompts.entries()) {
      for (let choice = 0; choice < choiceCount; choice += 1) {
        const outcome = this.#submit(requestId, prompt, index * choiceCount + choice);
        if (outcome.kind === 'accepted') continue;
        this.abort();
        return refusal(outcome);
      }
    }
    this.#writer.opened();
    return null;
  }

  /** The client has left. Idempotent. */
  abort(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const { id, fetch } of this.#runs) {
      this.#parts.driver.abort(id);
      fetch?.release();
    }
  }

  #contextError(promptTokens: number): EngineError | null {
    const { contextTokensMax } = this.#parts.config.model;
    const outputTokens = this.#request.outputTokensMax ?? 1;
    if (promptTokens + outputTokens <= contextTokensMax) return null;
    return engineError(
      400,
      `This model's maximum context length is ${contextTokensMax} tokens. However, your request has ${promptTokens} input tokens and asks for ${outputTokens} output tokens.`,
    );
  }

  #submit(requestId: string, prompt: Uint32Array, index: number): SubmitOutcome {
    const { driver, book, text, config } = this.#parts;
    const { outputTokensMax, outputTokensMin, ignoresEnd, stops, seed, namespace } = this.#request;
    const run: Run = {
      // Two legs or tries of one request may meet in one engine.
      id: `${requestId}-${index}-${this.#parts.nextSequenceNumber()}`,
      fetch: this.#fetch(),
    };
    const tokens = book.answer({
      prompt,
      seed: seed + config.seed,
      choice: index,
      outputTokensMin,
      ignoresEnd,
    });
    const decoder = text.createDecoder();
    const tokensMax = outputTokensMax ?? config.model.contextTokensMax - prompt.length;
    const source = new AnswerSource(tokens, {
      decoder,
      stops: new StopStrings(stops),
      outputTokensMin,
      outputTokensMax: tokensMax,
    });
    const outcome = driver.submit(
      {
        id: run.id,
        tokens: prompt,
        namespace,
        outputTokensMax: tokensMax,
        role: this.#role(run.fetch),
        source,
      },
      this.#listener(run, source, index),
    );
    if (outcome.kind === 'accepted') this.#runs.push(run);
    else run.fetch?.release();
    return outcome;
  }

  /** A hand-over names one prompt, computed once; with several sequences there is none, as in vLLM. */
  #isSingle(): boolean {
    return this.#prompts.length === 1 && this.#request.api.choiceCount === 1;
  }

  #fetch(): BlockFetch | null {
    const { transfer } = this.#request;
    if (transfer.kind !== 'fetch' || !this.#isSingle()) return null;
    const { peers, clock, config } = this.#parts;
    return new BlockFetch(transfer.from, { peers, clock, leaseMs: config.kvLeaseMs });
  }

  #role(fetch: BlockFetch | null): RequestRole {
    if (fetch !== null) return { kind: 'decode' };
    if (this.#request.transfer.kind === 'keep' && this.#isSingle())
      return { kind: 'prefill', leaseMs: this.#parts.driver.virtualMs(this.#parts.config.kvLeaseMs) };
    return { kind: 'whole' };
  }

  #listener(run: Run, source: AnswerSource, choice: number): GenerationListener {
    let lastText = '';
    return {
      token: () => {
        const text = source.takeText();
        // The last token's text goes with the reason why it was the last, as in vLLM.
        if (source.isOver) lastText = text;
        else this.#writer.text(choice, text);
      },
      finished: (end) => this.#choiceFinished(run, { choice, end, rest: lastText + source.flush() }),
      transferWanted: () => void this.#fetchBlocks(run),
      transferEnded: () => run.fetch?.release(),
      failed: () => {
        this.abort();
        this.#writer.failed(
          engineError(500, `The KV blocks of the prompt could not be loaded from the prefill engine.`),
        );
      },
    };
  }

  async #fetchBlocks({ id, fetch }: Run): Promise<void> {
    const isThere = (await fetch?.read()) ?? false;
    if (isThere) this.#parts.driver.transferred(id);
    else this.#parts.driver.transferFailed(id);
  }

  #choiceFinished(run: Run, ended: { choice: number; end: Finished; rest: string }): void {
    const { end } = ended;
    run.fetch?.release();
    this.#parts.finished(end, this.#parts.rank);
    this.#writer.choiceEnded(ended.choice, ended.rest, end.reason);
    this.#usages[ended.choice] = end.usage;
    if (end.keptBlocks !== null) this.#transfer = this.#keptParams(run.id, end, end.keptBlocks);
    if (this.#usages.filter(Boolean).length < this.#runs.length) return;
    this.#isOver = true;
    this.#writer.ended(this.#usage(), this.#transfer);
  }

  #keptParams(
    requestId: string,
    { usage }: Finished,
    blocks: readonly number[],
  ): Readonly<Record<string, unknown>> {
    const { engineId, sideChannel } = this.#parts;
    return keptParams({ ...sideChannel(), engineId, requestId, blocks, promptTokens: usage.promptTokens });
  }

  /** Prompts count once, however many choices each has. */
  #usage(): Usage {
    const { choiceCount } = this.#request.api;
    let promptTokens = 0;
    let outputTokens = 0;
    let cachedTokens = 0;
    for (const [index, usage] of this.#usages.entries()) {
      outputTokens += usage.outputTokens;
      if (index % choiceCount !== 0) continue;
      promptTokens += usage.promptTokens;
      // Fetched tokens were not computed here either: vLLM counts blocks of a connector as cached.
      cachedTokens += usage.cachedTokens + usage.fetchedTokens;
    }
    return {
      prompt_tokens: promptTokens,
      completion_tokens: outputTokens,
      total_tokens: promptTokens + outputTokens,
      prompt_tokens_details: { cached_tokens: cachedTokens },
    };
  }
}

function refusal(outcome: Exclude<SubmitOutcome, { kind: 'accepted' }>): EngineError {
  return outcome.kind === 'queueFull'
    ? engineError(429, `The engine's queue is full: ${outcome.waitingMax} requests wait.`)
    : engineError(
        400,
        `The request needs ${outcome.neededBlocks} KV blocks, the engine has ${outcome.blockCount} in all.`,
      );
}
