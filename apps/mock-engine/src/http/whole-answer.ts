import type { FinishReason, Usage } from '@kvasir/openai';
import type { FastifyReply } from 'fastify';
import type { AnswerForm, ChoiceAnswer } from './answer-forms.js';
import type { AnswerWriter } from './answer-writer.js';
import type { VllmError } from './vllm-error.js';

/** One JSON document at the end. */
export class WholeAnswer implements AnswerWriter {
  readonly #reply: FastifyReply;
  readonly #form: AnswerForm;
  readonly #texts: string[];
  readonly #choices: ChoiceAnswer[] = [];

  constructor(reply: FastifyReply, form: AnswerForm, choiceCount: number) {
    this.#reply = reply;
    this.#form = form;
    this.#texts = new Array<string>(choiceCount).fill('');
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
    this.#send(200, { ...this.#form.whole(this.#choices, usage), kv_transfer_params: transfer });
  }

  failed(error: VllmError): void {
    this.#send(error.status, error.body);
  }

  #send(status: number, body: object): void {
    const { raw } = this.#reply;
    raw.writeHead(status, { 'content-type': 'application/json' });
    raw.end(JSON.stringify(body));
  }
}
