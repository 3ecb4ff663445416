import { BLOCK_SIZE } from './workshop.js';

/** What came back for one request, with what the router had said. */
export interface Answered {
  readonly status: number;
  readonly text: string;
  readonly promptTokens: number;
  /** As the engine tells it. */
  readonly cachedTokens: number;
  /** As the router expected it. */
  readonly predictedTokens: number;
  readonly worker: string;
  readonly body: string;
}

export type Fields = Readonly<Record<string, unknown>>;

interface Shape {
  readonly choices?: readonly {
    readonly text?: string;
    readonly message?: { readonly content?: string | null };
  }[];
  readonly usage?: {
    readonly prompt_tokens?: number;
    readonly prompt_tokens_details?: { readonly cached_tokens?: number } | null;
  };
}

/** Sends a request and reads what it cost. */
export async function ask(url: string, path: string, fields: Fields): Promise<Answered> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(fields),
  });
  const body = await response.text();
  const { choices = [], usage } = parse(body);
  const [choice] = choices;
  const promptTokens = usage?.prompt_tokens ?? 0;
  const overlapBlocks = Number(response.headers.get('x-kvasir-overlap-blocks') ?? 0);
  // The last token of a prompt is always computed.
  const reusableBlocks = Math.floor(Math.max(0, promptTokens - 1) / BLOCK_SIZE);
  return {
    status: response.status,
    text: choice?.message?.content ?? choice?.text ?? '',
    promptTokens,
    cachedTokens: usage?.prompt_tokens_details?.cached_tokens ?? 0,
    predictedTokens: Math.min(overlapBlocks, reusableBlocks) * BLOCK_SIZE,
    worker: response.headers.get('x-kvasir-decode-worker') ?? '',
    body,
  };
}

function parse(body: string): Shape {
  try {
    return JSON.parse(body) as Shape;
  } catch {
    return {};
  }
}
