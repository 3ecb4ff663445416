import type { FinishReason, Usage } from '@kvasir/openai';
import type { FastifyReply } from 'fastify';
import type { EngineApi } from '../dialects/engine-api.js';
import type { AnswerForm } from './answer-forms.js';
import type { AnswerWriter } from './answer-writer.js';
import type { EngineError } from './engine-error.js';

/** Server-sent events, one per token. As in vLLM the status is sent on acceptance, so a later failure is an event. */
export class StreamAnswer implements AnswerWriter {
  readonly #reply: FastifyReply;
  readonly #form: AnswerForm;
  readonly #includesUsage: boolean;
  readonly #api: EngineApi;
  readonly #isOpen: boolean[];

  constructor(
    reply: FastifyReply,
    form: AnswerForm,
    options: { readonly choiceCount: number; readonly includesUsage: boolean; readonly api: EngineApi },
  ) {
    this.#reply = reply;
    this.#form = form;
    this.#includesUsage = options.includesUsage;
    this.#api = options.api;
    this.#isOpen = new Array<boolean>(options.choiceCount).fill(false);
  }

  opened(): void {
    this.#reply.raw.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    this.#reply.raw.flushHeaders();
  }

  text(choice: number, text: string): void {
    this.#open(choice);
    this.#event(this.#form.piece(choice, text, null));
  }

  choiceEnded(choice: number, text: string, finishReason: FinishReason): void {
    this.#open(choice);
    this.#event(this.#form.piece(choice, text, finishReason));
  }

  ended(usage: Usage): void {
    if (this.#includesUsage) this.#event(this.#form.usage(usage));
    this.#reply.raw.end('data: [DONE]\n\n');
  }

  failed(error: EngineError): void {
    this.#event(this.#api.errorEvent(error));
    this.#reply.raw.end('data: [DONE]\n\n');
  }

  #open(choice: number): void {
    if (this.#isOpen[choice] === true) return;
    this.#isOpen[choice] = true;
    const opening = this.#form.opening(choice);
    if (opening !== null) this.#event(opening);
  }

  #event(fields: object): void {
    this.#reply.raw.write(`data: ${JSON.stringify(fields)}\n\n`);
  }
}
