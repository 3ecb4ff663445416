import { SseScanner } from '@kvasir/openai';
import type { Received } from './answer.js';

interface Choice {
  readonly text?: string;
  readonly finish_reason?: string | null;
}

/** What came of one answer so far. */
export class Transcript {
  readonly #nowMs: () => number;
  readonly #bytes: Buffer[] = [];
  #status: number | null = null;
  #lastMs: number;
  #silentMs = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#lastMs = nowMs();
  }

  head(status: number): void {
    this.#status = status;
    this.#heard();
  }

  data(bytes: Buffer): void {
    this.#bytes.push(bytes);
    this.#heard();
  }

  ended(isStreamed: boolean): Received {
    this.#heard();
    const bytes = Buffer.concat(this.#bytes);
    const base = { status: this.#status, silentMs: this.#silentMs };
    if (this.#status !== 200)
      return { ...base, text: '', isFinished: true, error: bytes.toString('utf8').slice(0, 500) };
    return { ...base, ...(isStreamed ? readStream(bytes) : readWhole(bytes)) };
  }

  failed(error: string, isStreamed: boolean): Received {
    const read = this.ended(isStreamed);
    return { ...read, isFinished: false, error: read.error ?? error };
  }

  #heard(): void {
    const nowMs = this.#nowMs();
    this.#silentMs = Math.max(this.#silentMs, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
  }
}

type Read = Pick<Received, 'text' | 'isFinished' | 'error'>;

function readStream(bytes: Buffer): Read {
  const scanner = new SseScanner({ cachedTokens: null });
  scanner.push(bytes);
  const texts: string[] = [];
  for (const event of bytes.toString('utf8').split('\n\n')) {
    if (!event.startsWith('data: {')) continue;
    texts.push(firstChoice(event.slice('data: '.length))?.text ?? '');
  }
  return {
    text: texts.join(''),
    isFinished: scanner.isDone,
    error: scanner.error === null ? null : `${scanner.error.code ?? scanner.error.type} in the stream`,
  };
}

function readWhole(bytes: Buffer): Read {
  const choice = firstChoice(bytes.toString('utf8'));
  return { text: choice?.text ?? '', isFinished: typeof choice?.finish_reason === 'string', error: null };
}

function firstChoice(json: string): Choice | null {
  try {
    const value = JSON.parse(json) as { readonly choices?: readonly Choice[] };
    return value.choices?.[0] ?? null;
  } catch {
    return null;
  }
}
