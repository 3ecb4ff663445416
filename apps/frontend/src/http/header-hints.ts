import type { IncomingHttpHeaders } from 'node:http';
import { openAiError } from '@kvasir/openai';
import type { OpenAiError, RoutingHints } from '@kvasir/openai';

const SESSION_ID_LENGTH_MAX = 256;
const NUMBER = /^\d{1,12}(\.\d{1,6})?$/;
const WHOLE_NUMBER = /^-?\d{1,9}$/;

export type HintsReading =
  | { readonly kind: 'ok'; readonly hints: RoutingHints }
  | { readonly kind: 'invalid'; readonly error: OpenAiError };

/** What a request says of how it would like to be served: `x-kvasir-…` headers, else what its body says. */
export function readHeaderHints(headers: IncomingHttpHeaders, body: RoutingHints): HintsReading {
  const ttft = read(headers, 'x-kvasir-ttft-target-ms', NUMBER);
  const itl = read(headers, 'x-kvasir-itl-target-ms', NUMBER);
  const priority = read(headers, 'x-kvasir-priority', WHOLE_NUMBER);
  const session = read(headers, 'x-kvasir-session', SESSION);
  const wrong = [ttft, itl, priority, session].find((reading) => reading.kind === 'wrong');
  if (wrong?.kind === 'wrong') return { kind: 'invalid', error: wrong.error };
  return {
    kind: 'ok',
    hints: {
      ttftTargetMs: ttft.kind === 'value' ? Number(ttft.text) : body.ttftTargetMs,
      itlTargetMs: itl.kind === 'value' ? Number(itl.text) : body.itlTargetMs,
      priority: priority.kind === 'value' ? Number(priority.text) : body.priority,
      sessionId: session.kind === 'value' ? session.text : body.sessionId,
    },
  };
}

const SESSION = new RegExp(`^.{1,${SESSION_ID_LENGTH_MAX}}$`);

type Reading =
  | { readonly kind: 'absent' }
  | { readonly kind: 'value'; readonly text: string }
  | { readonly kind: 'wrong'; readonly error: OpenAiError };

function read(headers: IncomingHttpHeaders, name: string, form: RegExp): Reading {
  const value = headers[name];
  const text = typeof value === 'string' ? value : value?.[0];
  if (text === undefined || text === '') return { kind: 'absent' };
  if (form.test(text)) return { kind: 'value', text };
  const what =
    form === NUMBER
      ? 'a time in milliseconds'
      : form === WHOLE_NUMBER
        ? 'a whole number'
        : `at most ${SESSION_ID_LENGTH_MAX} characters`;
  const message = `The header ${name} must be ${what}, received "${text.slice(0, 40)}"`;
  return { kind: 'wrong', error: openAiError('invalid_value', message, name) };
}
