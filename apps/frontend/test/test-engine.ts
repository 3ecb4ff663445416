import { createServer } from 'node:http';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request as an engine saw it. */
export interface SeenRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
  /** The body as it came. */
  readonly raw: string;
  readonly response: ServerResponse;
}

export type Answer = (seen: SeenRequest) => void;

/** A small real engine: HTTP in front; what it answers is the test's. */
export interface TestEngine {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
  /** Requests whose caller left before the answer was complete. */
  abandonedCount(): number;
  /** What it answers from now on. */
  answer: Answer;
  /** Stops listening and breaks all connections, as a crash would. */
  crash(): Promise<void>;
}

export async function startTestEngine(answer: Answer): Promise<TestEngine> {
  const seen: SeenRequest[] = [];
  let abandoned = 0;
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const raw = Buffer.concat(parts).toString();
      const body = JSON.parse(raw) as Record<string, unknown>;
      response.on('close', () => {
        if (!response.writableFinished) abandoned += 1;
      });
      const now = { path: request.url ?? '', headers: request.headers, body, raw, response };
      seen.push(now);
      engine.answer(now);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const engine: TestEngine = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    abandonedCount: () => abandoned,
    answer,
    async crash() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
  return engine;
}

export const HANDOVER = {
  do_remote_prefill: true,
  do_remote_decode: false,
  remote_engine_id: 'e-1',
  remote_request_id: 'p-1',
  remote_block_ids: [[1, 2]],
};

const usage = (cachedTokens: number) => ({
  prompt_tokens: 12,
  completion_tokens: 3,
  total_tokens: 15,
  prompt_tokens_details: { cached_tokens: cachedTokens },
});

export const isPrefill = ({ body }: SeenRequest): boolean => {
  const params = body['kv_transfer_params'] as { do_remote_decode?: boolean } | undefined;
  return params?.do_remote_decode === true;
};

/** Answers a prefill leg as vLLM does. */
export const prefills =
  (cachedTokens = 8): Answer =>
  ({ response }) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ choices: [], usage: usage(cachedTokens), kv_transfer_params: HANDOVER }));
  };

export const event = (fields: unknown): string => `data: ${JSON.stringify(fields)}\n\n`;
export const chunk = (text: string, finish: string | null = null): string =>
  event({ id: 'c', choices: [{ index: 0, text, delta: { content: text }, finish_reason: finish }] });

/** Answers as an engine that generates three tokens does, streamed or whole as it is asked. */
export const generates: Answer = ({ body, response }) => {
  if (body['stream'] !== true) {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({
        id: 'c',
        choices: [
          {
            index: 0,
            text: 'a b c',
            message: { role: 'assistant', content: 'a b c' },
            finish_reason: 'length',
          },
        ],
        usage: usage(12),
      }),
    );
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  response.write(chunk('a'));
  response.write(chunk(' b'));
  response.write(chunk(' c', 'length'));
  const options = body['stream_options'] as { include_usage?: boolean } | undefined;
  if (options?.include_usage === true) response.write(event({ id: 'c', choices: [], usage: usage(12) }));
  response.end('data: [DONE]\n\n');
};

/** Both: what a worker of any role answers. */
export const serves: Answer = (seen) => (isPrefill(seen) ? prefills()(seen) : generates(seen));

export const says =
  (status: number, body: unknown): Answer =>
  ({ response }) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };

/** Breaks the connection instead of an answer. */
export const breaks: Answer = ({ response }) => response.destroy();
/** Never answers. */
export const hangs: Answer = () => undefined;
