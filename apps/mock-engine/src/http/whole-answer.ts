import type { FinishReason, Usage } from '@kvasir/openai';
import type { FastifyReply } from 'fastify';
import type { EngineApi } from '../dialects/engine-api.js';
import type { AnswerForm, ChoiceAnswer } from './answer-forms.js';
import type { AnswerWriter } from './answer-writer.js';
import type { EngineError } from './engine-error.js';

/** One JSON document at the end. */
export class WholeAnswer implements AnswerWriter {
  readonly #reply: FastifyReply;
  readonly #form: AnswerForm;
  readonly #api: EngineApi;
  readonly #texts: string[];
  readonly #choices: ChoiceAnswer[] = [];

  constructor(
    reply: FastifyReply,
    form: AnswerForm,
    options: { readonly choiceCount: number; readonly api: EngineApi },
  ) {
    this.#reply = reply;
    this.#form = form;
    this.#api = options.api;
    this.#texts = new Array<string>(options.choiceCount).fill('');
  }

  opened(): void {
    // Nothing is sent before the end.
  }

  text(choice: number, text: string): void {
    this.#texts[choice] = (this.#texts[choice] ?? '') + text;
  }

  choiceEnded(choice: number, text: string, finishReason: FinishReason): void {
    this.#choices[choice] = { text: (this.#texts[choice] ?? '') + text, finishReason };
  }

  ended(usage: Usage, transfer: Readonly<Record<string, unknown>> | null): void {
    const answer = this.#form.whole(this.#choices, usage);
    this.#send(200, this.#api.transfersBlocks ? { ...answer, kv_transfer_params: transfer } : answer);
  }

  failed(error: EngineError): void {
    this.#send(error.status, this.#api.errorBody(error));
  }

  #send(status: number, body: object): void {
    const { raw } = this.#reply;
    raw.writeHead(status, { 'content-type': 'application/json' });
    raw.end(JSON.stringify(body));
  }
}
